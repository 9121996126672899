import { assert, suite } from "@chorus/testing";
import { encodeError } from "../src/frames.js";
import { createTransportPair } from "../src/memory-transport.js";
import { PeerSet } from "../src/peer-set.js";
import type { Transport } from "../src/transport.js";
import { FakeChannel } from "./fake-channel.js";
import { RawPeer } from "./virtual-network.js";
import { VirtualRuntime } from "./virtual-runtime.js";
import { createNetwork, helloFrame } from "./virtual-setup.js";

const test = suite("link");

/** A replica that dials transports whose other ends the test holds. */
function create(t: { after(task: () => unknown): void }) {
  const runtime = new VirtualRuntime(3);
  const ends: Transport[] = [];
  const dialledAt: number[] = [];
  const urls: string[] = [];
  const dial = (url: string): Transport => {
    const [left, right] = createTransportPair(runtime);
    ends.push(right);
    urls.push(url);
    dialledAt.push(runtime.elapsed());
    return left;
  };
  const peers = new PeerSet(new FakeChannel(runtime, "a"), { dial });
  const told: string[] = [];
  peers.on("link", ({ url, status }) => told.push(`${url} ${status}`));
  peers.on("error", ({ message, stack }) => told.push(`error ${message} ${stack}`));
  t.after(async () => {
    const closing = peers.close();
    runtime.advance(2_000);
    await closing;
    assert.equal(runtime.escaped, []);
    assert.is(runtime.timers, 0);
  });
  /** Plays the other side of the latest dial. */
  const answer = (): RawPeer => {
    const end = ends.at(-1);
    if (!end) throw new Error("nothing was dialled");
    return new RawPeer(end);
  };
  return { runtime, peers, told, ends, urls, dialledAt, answer };
}

const URL = "ws://user:secret@host/data";

test("it dials again and again with growing delays, and never gives up", (t) => {
  const { runtime, peers, ends, dialledAt } = create(t);
  peers.setUrls([URL]);
  for (let i = 0; i < 40; i++) {
    ends.at(-1)?.terminate();
    runtime.advance(31_000);
  }
  assert.ok(dialledAt.length > 40);
  assert.ok(["connecting", "offline"].includes(peers.links[0]?.status ?? ""));
});

test("it stays within the bounds of its delays", (t) => {
  const { runtime, peers, ends, dialledAt } = create(t);
  peers.setUrls([URL]);
  for (let i = 0; i < 30; i++) {
    ends.at(-1)?.terminate();
    const [dials, from] = [dialledAt.length, runtime.elapsed()];
    while (dialledAt.length === dials) runtime.advance(10);
    const delayMs = runtime.elapsed() - from;
    assert.ok(
      delayMs >= 100 && delayMs <= Math.min(30_010, 100 * 2 ** (i + 1) + 10),
      `delay ${i}: ${delayMs} ms`,
    );
  }
});

test("it begins with short delays again after ten seconds live", async (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  b.isUp = false;
  a.peers.setUrls([b.url]);
  runtime.advance(300_000);
  b.isUp = true;
  runtime.advance(60_000);
  assert.is(a.peers.links[0]?.status, "synced");
  network.wire("a", "b").dialled.terminate();
  runtime.settle();
  assert.is(a.peers.links[0]?.status, "offline");
  runtime.advance(201);
  assert.is(a.peers.links[0]?.status, "synced");
});

test("it shows a refusal as unauthorized and retries after half a minute at the earliest", (t) => {
  for (const code of [4401, 4403]) {
    const { runtime, peers, answer, dialledAt } = create(t);
    peers.setUrls([URL]);
    answer().transport.close(code, "");
    runtime.settle();
    assert.is(peers.links[0]?.status, "unauthorized");
    runtime.advance(29_999);
    assert.is(dialledAt.length, 1);
    runtime.advance(30_001);
    assert.ok(dialledAt.length > 1);
  }
});

test("it is offline for long after a protocol or version error", (t) => {
  for (const code of [4400, 4406]) {
    const { runtime, peers, answer, dialledAt } = create(t);
    peers.setUrls([URL]);
    answer().transport.close(code, "");
    runtime.settle();
    assert.is(peers.links[0]?.status, "offline");
    runtime.advance(29_999);
    assert.is(dialledAt.length, 1);
  }
});

test("it gives the dialler the whole URL and nobody else the credentials", (t) => {
  const { runtime, peers, told, answer, urls } = create(t);
  peers.setUrls([URL]);
  const raw = answer();
  runtime.settle();
  raw.transport.send(helloFrame());
  raw.transport.send(encodeError("forbidden", "no"));
  raw.transport.send(new Uint8Array([1, 2]));
  runtime.settle();
  assert.equal(urls, [URL]);
  const all = JSON.stringify([told, peers.links, peers.peers, peers.stats()]);
  assert.match(all, /ws:\/\/host\/data/);
  assert.not.match(all, /secret|user:/);
});

test("it gives up a dial that never opens after fifteen seconds", async () => {
  const runtime = new VirtualRuntime();
  let dials = 0;
  const dial = (): Transport => {
    dials++;
    let closed: (info: { code: number; reason: string }) => void = () => {};
    const end = (code: number, reason: string): void => runtime.later(() => closed({ code, reason }));
    return {
      bufferedBytes: 0,
      start: (handlers) => {
        closed = handlers.closed;
      },
      send: () => {},
      close: end,
      terminate: () => end(1006, ""),
      pause: () => {},
      resume: () => {},
    };
  };
  const peers = new PeerSet(new FakeChannel(runtime, "a"), { dial });
  peers.setUrls([URL]);
  runtime.advance(14_999);
  assert.is(peers.links[0]?.status, "connecting");
  runtime.advance(1);
  assert.is(peers.links[0]?.status, "offline");
  runtime.advance(200);
  assert.is(dials, 2);
  const closing = peers.close();
  runtime.settle();
  await closing;
  assert.is(runtime.timers, 0);
});

test("it goes on when the dialler throws later, and shows nothing of it", (t) => {
  const runtime = new VirtualRuntime();
  const errors: string[] = [];
  let dials = 0;
  const peers = new PeerSet(new FakeChannel(runtime, "a"), {
    dial: (url) => {
      if (++dials > 1) throw new Error(`cannot dial ${url}`);
      const [left, right] = createTransportPair(runtime);
      right.terminate();
      return left;
    },
  });
  t.after(() => peers.close());
  peers.on("error", (error) => errors.push(`${error.code} ${error.message} ${error.cause}`));
  peers.setUrls([URL]);
  runtime.advance(5_000);
  assert.ok(dials > 3);
  assert.equal(new Set(errors), new Set(["connection-failed ws://host/data could not be dialled undefined"]));
});

test("it refuses bad URLs before anything changes, and shows no secret", (t) => {
  const { peers, ends } = create(t);
  peers.setUrls(["ws://one/data"]);
  for (const bad of ["nothing", "ws://", 5, "http://u:secret@ host/"]) {
    try {
      peers.setUrls(["ws://two/data", bad as string]);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, TypeError);
      assert.not.match(String(error), /secret/);
    }
  }
  assert.is(ends.length, 1);
  assert.equal(
    peers.links.map(({ url }) => url),
    ["ws://one/data"],
  );
});

test("it changes nothing when the dialler refuses one of the URLs", (t) => {
  const runtime = new VirtualRuntime();
  const peers = new PeerSet(new FakeChannel(runtime, "a"), {
    dial: (url) => {
      if (url.includes("bad")) throw new TypeError("cannot dial this");
      return createTransportPair(runtime)[0];
    },
  });
  t.after(() => peers.close());
  assert.throws(() => peers.setUrls(["ws://good/data", "ws://bad/data"]), /cannot dial/);
  assert.equal(peers.links, []);
  assert.throws(() => new PeerSet(new FakeChannel(runtime, "b")).setUrls(["ws://x/y"]), /dial/);
  runtime.settle();
});

test("it closes links that are no longer wanted and keeps the others", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b, c] = [network.add("a"), network.add("b"), network.add("c")];
  a.peers.setUrls([b.url, c.url]);
  runtime.settle();
  a.peers.setUrls([c.url, c.url]);
  runtime.settle();
  assert.equal(
    a.peers.links.map(({ url, status }) => [url, status]),
    [[c.url, "synced"]],
  );
  assert.is(network.wire("a", "b").dialled.closedWith?.code, 1000);
  assert.is(network.wires.length, 2);
  assert.equal(b.peers.peers, []);
});

test("it does not believe another end that this is the same replica", (t) => {
  for (const isGreeted of [false, true]) {
    const { runtime, peers, answer, dialledAt } = create(t);
    peers.setUrls([URL]);
    const raw = answer();
    runtime.settle();
    if (isGreeted) raw.transport.send(helloFrame());
    raw.transport.send(encodeError("self", "this is the same replica"));
    raw.transport.close(4409, "self");
    runtime.settle();
    assert.is(peers.links[0]?.status, "offline");
    runtime.advance(201);
    assert.is(dialledAt.length, 2);
  }
});
