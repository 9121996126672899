import { assert, suite } from "@chorus/testing";
import { encodeNeighbours, encodeUpdate, encodeVector, EMPTY_UPDATE } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectAll, connectRaw, type Node, type Wire } from "./virtual-network.js";
import { createNetwork, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("peer set");

function updatesSent(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { peers }) => sum + peers.stats().framesSent.update, 0);
}

function assertEqualContent(nodes: readonly Node[], size: number): void {
  for (const { channel } of nodes) {
    assert.is(channel.size, size);
    assert.is(channel.content(), nodes[0]?.channel.content());
  }
}

/** Whether a frame is a live update: array of 3, kind 2, flags 0. */
function isLiveUpdate(frame: Uint8Array): boolean {
  return frame[0] === 0x93 && frame[1] === 2 && frame.at(-1) === 0;
}

function dropNext(wire: Wire, side: "dialled" | "accepted"): void {
  const tap = wire[side];
  tap.filter = (frame) => {
    if (!isLiveUpdate(frame)) return frame;
    tap.filter = (other) => other;
    return undefined;
  };
}

test("it makes two peers converge", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.channel.write("before");
  b.channel.write("too");
  a.peers.setUrls([b.url]);
  runtime.settle();
  assertEqualContent(nodes, 2);
  a.channel.write("after");
  b.channel.write("after too");
  runtime.settle();
  assertEqualContent(nodes, 4);
  assert.equal(a.statuses, ["connecting", "syncing", "synced"]);
  assert.equal(a.peers.links, [{ url: b.url, status: "synced", replicaId: "b" }]);
  const { sessionId } = b.channel;
  assert.equal(a.peers.peers, [{ replicaId: "b", sessionId, state: "live", direction: "outbound" }]);
  assert.is(a.channel.synced, 1);
});

for (const size of [3, 5, 8]) {
  test(`it sends ${size - 1} update frames per write in a full mesh of ${size}`, (t) => {
    const { runtime, network } = createNetwork(t);
    const nodes = Array.from({ length: size }, (_, i) => network.add(`n${i}`));
    connectAll(nodes);
    runtime.advance(1_000);
    for (const node of nodes) assert.is(node.peers.stats().live, size - 1);
    assert.is(network.open.length, (size * (size - 1)) / 2);
    const before = updatesSent(nodes);
    for (const node of nodes) node.channel.write(node.name);
    runtime.settle();
    assert.is(updatesSent(nodes) - before, size * (size - 1));
    assertEqualContent(nodes, size);
    for (const { peers } of nodes) assert.ok(peers.links.every(({ status }) => status === "synced"));
  });
}

test("it passes updates on along a chain, one frame per step", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c", "d"].map((name) => network.add(name));
  for (const [i, node] of nodes.entries())
    node.peers.setUrls(nodes.slice(i + 1, i + 2).map(({ url }) => url));
  runtime.settle();
  const before = updatesSent(nodes);
  nodes[0]?.channel.write("from the first");
  nodes[3]?.channel.write("from the last");
  runtime.settle();
  assertEqualContent(nodes, 2);
  assert.is(updatesSent(nodes) - before, 6);
});

test("it passes updates on through the middle of a star", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub");
  const leaves = ["a", "b", "c", "d"].map((name) => network.add(name));
  for (const { peers } of leaves) peers.setUrls([hub.url]);
  runtime.settle();
  const nodes = [hub, ...leaves];
  const before = updatesSent(nodes);
  for (const { channel, name } of nodes) channel.write(name);
  runtime.settle();
  assertEqualContent(nodes, 5);
  assert.is(updatesSent(nodes) - before, 5 * 4);
});

test("it heals a lost frame at the next one, by a question", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.settle();
  dropNext(network.wire("a", "b"), "dialled");
  a.channel.write("lost");
  runtime.settle();
  assert.is(b.channel.size, 0);
  a.channel.write("next");
  runtime.settle();
  assert.is(b.peers.stats().gaps, 1);
  assertEqualContent(nodes, 2);
});

test("it heals a lost last frame by a digest", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.settle();
  dropNext(network.wire("a", "b"), "dialled");
  a.channel.write("lost");
  runtime.advance(25_000);
  assertEqualContent(nodes, 1);
  assert.is(network.wires.length, 1);
});

test("it looks at once after a peer lost a neighbour that it fed", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c"].map((name) => network.add(name));
  const [a, b, c] = nodes;
  connectAll(nodes);
  runtime.advance(1_000);
  // c never gets what a writes, since a's connection to it breaks while the frame is under way; b was told that a
  // feeds c, and passed nothing on.
  dropNext(network.open.find(({ from, to }) => from + to === "ac" || from + to === "ca") as Wire, "dialled");
  a?.channel.write("lost on one way");
  runtime.settle();
  assert.is(b?.channel.size, 1);
  assert.is(c?.channel.size, 0);
  const wire = network.open.find(({ from, to }) => from + to === "ac" || from + to === "ca");
  if (c) c.isUp = false;
  if (a) a.isUp = false;
  wire?.dialled.terminate();
  runtime.settle();
  assertEqualContent(nodes, 1);
});

test("it does not send on what the sender announced to send itself", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const [source, fed, unfed] = ["source", "fed", "unfed"].map((replicaId, i) => {
    const raw = connectRaw(a);
    runtime.settle();
    raw.transport.send(helloFrame({ replicaId, sessionId: 100 + i }));
    raw.transport.send(encodeVector(encodeStateVector(new Map())));
    raw.transport.send(encodeUpdate(EMPTY_UPDATE, 2));
    runtime.settle();
    return raw;
  });
  const announced = framesTo(source as never, "neighbours").at(-1);
  assert.equal(announced, { kind: "neighbours", replicaIds: ["fed", "source", "unfed"] });
  source?.transport.send(encodeNeighbours(["fed"]));
  const update = new TextEncoder().encode('[[100,0,["x"]]]');
  source?.transport.send(encodeUpdate(update, 0));
  runtime.settle();
  const counts = [source, fed, unfed].map((raw) => framesTo(raw as never, "update").length);
  assert.equal(counts, [1, 1, 2]);
});

test("it lets a joiner pull the state from one peer only", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c", "d"].map((name) => network.add(name));
  connectAll(nodes);
  for (let i = 0; i < 50; i++) nodes[0]?.channel.write("x".repeat(10_000));
  runtime.advance(1_000);
  const before = nodes.reduce((sum, { peers }) => sum + peers.stats().bytesSent, 0);
  const joiner = network.add("joiner");
  joiner.peers.setUrls(nodes.map(({ url }) => url));
  runtime.settle();
  assertEqualContent([...nodes, joiner], 50);
  const sent = nodes.reduce((sum, { peers }) => sum + peers.stats().bytesSent, 0) - before;
  assert.ok(sent > 500_000 && sent < 550_000, `${sent} bytes`);
  assert.is(joiner.peers.stats().live, 4);
});

test("it moves the question to another peer when the first one falls silent", (t) => {
  const { runtime, network } = createNetwork(t);
  const joiner = network.add("joiner");
  const silent = connectRaw(joiner);
  const other = connectRaw(joiner);
  runtime.settle();
  silent.transport.send(helloFrame({ replicaId: "silent", sessionId: 1 }));
  runtime.settle();
  other.transport.send(helloFrame({ replicaId: "other", sessionId: 2 }));
  runtime.advance(9_900);
  assert.is(framesTo(other, "vector").length, 0);
  runtime.advance(200);
  assert.is(framesTo(other, "vector").length, 1);
});

test("it brings a slow peer up by a diff after it fell behind, without queueing", (t) => {
  const { runtime, network } = createNetwork(t);
  network.transportOptions = { bytesPerMs: 1_000 };
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.advance(1_000);
  let most = 0;
  for (let i = 0; i < 60; i++) {
    a.channel.write(`${i}`.padEnd(100_000, "x"));
    most = Math.max(most, network.wire("a", "b").dialled.bufferedBytes);
  }
  assert.ok(most < 1.2 * 2 ** 20, `${most} bytes`);
  assert.is(a.peers.stats().behind, 1);
  runtime.advance(20_000);
  assertEqualContent(nodes, 60);
  assert.is(b.peers.stats().gaps, 0);
  assert.is(network.wires.length, 1);
  a.channel.write("live again");
  runtime.advance(100);
  assertEqualContent(nodes, 61);
});

test("it cuts off a peer that does not read for thirty seconds", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  for (const frame of [
    helloFrame(),
    encodeVector(encodeStateVector(new Map())),
    encodeUpdate(EMPTY_UPDATE, 2),
  ]) {
    raw.transport.send(frame);
  }
  runtime.settle();
  raw.transport.pause();
  for (let i = 0; i < 30; i++) a.channel.write("x".repeat(100_000));
  for (let second = 0; second < 40; second++) {
    raw.transport.send(encodeNeighbours([]));
    runtime.advance(1_000);
  }
  assert.is(raw.closedWith?.code, 1006);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["stalled"],
  );
});

for (const lower of ["dials first", "dials last", "dials together"]) {
  test(`it keeps the connection of the lower replicaId when the lower one ${lower}`, (t) => {
    const { runtime, network } = createNetwork(t);
    const nodes = [network.add("a"), network.add("b")] as const;
    const [a, b] = nodes;
    const order = lower === "dials last" ? [b, a] : [a, b];
    for (const node of order) {
      node.peers.setUrls([node === a ? b.url : a.url]);
      if (lower !== "dials together") runtime.settle();
    }
    runtime.advance(5_000);
    assert.equal(
      network.open.map(({ from }) => from),
      ["a"],
    );
    const closed = network.wires.filter((wire) => !network.open.includes(wire));
    if (lower !== "dials first" || closed.length > 0) assert.is(closed[0]?.dialled.closedWith?.code, 4409);
    assert.is(b.peers.links[0]?.status, "synced");
    assert.is(a.peers.links[0]?.status, "synced");
    assert.equal([...a.errors, ...b.errors], []);
    const wires = network.wires.length;
    runtime.advance(60_000);
    assert.is(network.wires.length, wires);
    // The link of the closed one dials again when the kept one dies.
    a.peers.setUrls([]);
    runtime.advance(1_000);
    assert.equal(
      network.open.map(({ from }) => from),
      ["b"],
    );
    assert.is(b.peers.links[0]?.status, "synced");
    b.channel.write("x");
    runtime.settle();
    assertEqualContent(nodes, 1);
  });
}

for (const [own, peer] of [
  ["a", "b"],
  ["b", "a"],
] as const) {
  test(`it keeps the first of two connections that ${own} opened to ${peer}`, (t) => {
    const { runtime, network } = createNetwork(t);
    const [dialler, other] = [network.add(own), network.add(peer)];
    dialler.peers.setUrls([other.url]);
    runtime.settle();
    dialler.peers.setUrls([other.url, `${other.url}?again`]);
    runtime.advance(5_000);
    assert.is(network.wires.length, 2);
    assert.equal(network.open, [network.wires[0]]);
    assert.equal(
      dialler.peers.links.map(({ status }) => status),
      ["synced", "synced"],
    );
    assert.equal(other.peers.peers.length, 1);
    network.wires[0]?.dialled.terminate();
    runtime.advance(5_000);
    assert.is(network.open.length, 1);
    assert.equal(
      dialler.peers.links.map(({ status }) => status),
      ["synced", "synced"],
    );
  });
}

test("it ends with one connection per pair whatever the order and delays", (t) => {
  const { runtime, network } = createNetwork(t, 5);
  const nodes = ["a", "b", "c", "d"].map((name) => network.add(name));
  for (let round = 0; round < 30; round++) {
    network.transportOptions = { latencyMs: 1 + Math.floor(runtime.random() * 200) };
    const wire = network.open[Math.floor(runtime.random() * network.open.length)];
    wire?.dialled.terminate();
    const node = nodes[Math.floor(runtime.random() * nodes.length)];
    const urls = nodes.filter((other) => other !== node && runtime.random() < 0.7).map(({ url }) => url);
    node?.peers.setUrls(urls);
    node?.channel.write(`${round}`);
    runtime.advance(runtime.random() * 300);
  }
  connectAll(nodes);
  runtime.advance(60_000);
  assert.is(network.open.length, 6);
  assertEqualContent(nodes, 30);
  for (const { peers, errors } of nodes) {
    assert.equal(errors, []);
    assert.ok(peers.links.every(({ status }) => status === "synced"));
  }
});

test("it closes a link to itself for good, without an error", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  a.peers.setUrls([a.url]);
  runtime.advance(600_000);
  assert.is(network.wires.length, 1);
  assert.is(network.wires[0]?.dialled.closedWith?.code, 4409);
  assert.is(a.peers.links[0]?.status, "closed");
  assert.equal(a.errors, []);
  assert.equal(a.peers.peers, []);
});

test("it reports a clone that it meets itself", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, twin] = [network.add("a"), network.add("twin", { replicaId: "a" })];
  a.peers.setUrls([twin.url]);
  runtime.settle();
  assert.equal(a.errors[0]?.code, "replica-cloned");
  assert.equal(twin.errors[0]?.code, "replica-cloned");
  assert.is(a.peers.links[0]?.status, "offline");
  runtime.advance(29_000);
  assert.is(network.wires.length, 1);
});

test("it replaces an older session by a newer one, and reports the older when it dials again", (t) => {
  const { runtime, network } = createNetwork(t);
  const [hub, old, young] = [
    network.add("hub"),
    network.add("old", { replicaId: "r" }),
    network.add("young", { replicaId: "r" }),
  ];
  old.peers.setUrls([hub.url]);
  runtime.settle();
  young.peers.setUrls([hub.url]);
  runtime.settle();
  assert.equal(
    hub.peers.peers.map(({ sessionId }) => sessionId),
    [young.channel.sessionId],
  );
  assert.equal(network.wire("old", "hub").accepted.closedWith, { code: 4409, reason: "replaced" });
  assert.equal(hub.errors, []);
  runtime.advance(20_000);
  assert.equal(
    hub.errors.map(({ code }) => code),
    ["replica-cloned"],
  );
  assert.equal(
    old.errors.map(({ code }) => code),
    ["replica-cloned"],
  );
  assert.equal(young.errors, []);
  assert.is(young.peers.links[0]?.status, "synced");
});

test("it ends a peering both ways until it is peered again", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  connectAll(nodes);
  runtime.advance(1_000);
  a.peers.unpeer([b.url.replace("mem://", "mem://user:other@")]);
  runtime.advance(1_000);
  assert.equal(a.peers.links, []);
  assert.equal(network.open, []);
  assert.is(b.peers.links[0]?.status, "unauthorized");
  a.channel.write("unheard");
  runtime.advance(200_000);
  assert.equal(a.peers.peers, []);
  assert.is(b.channel.size, 0);
  assert.ok(network.wires.length > 2, "b goes on trying");
  a.peers.setUrls([b.url]);
  runtime.settle();
  assertEqualContent(nodes, 1);
  assert.is(b.peers.links[0]?.status, "synced");
  assert.is(network.open.length, 1);
});

test("it tells when all live peers have acknowledged", async (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c"].map((name) => network.add(name));
  const a = nodes[0] as Node;
  await a.peers.whenAcknowledged(1);
  connectAll(nodes);
  runtime.advance(1_000);
  a.channel.write("x");
  let isDone = false;
  const done = a.peers.whenAcknowledged().then(() => {
    isDone = true;
  });
  await Promise.resolve();
  runtime.advance(49);
  await Promise.resolve();
  assert.not(isDone);
  runtime.advance(1);
  await done;
  network.open[0]?.dialled.pause();
  network.open[0]?.accepted.pause();
  network.open[1]?.dialled.pause();
  network.open[1]?.accepted.pause();
  a.channel.write("y");
  const late = a.peers.whenAcknowledged(1_000);
  await Promise.resolve();
  await Promise.resolve();
  runtime.advance(1_000);
  await assert.rejectsCode(late, "timeout");
});

test("it knows acknowledgements of what reached a peer by another way before", async (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b, c] = [network.add("a"), network.add("b"), network.add("c")];
  a.peers.setUrls([b.url]);
  b.peers.setUrls([c.url]);
  a.channel.write("x");
  runtime.advance(1_000);
  a.peers.setUrls([b.url, c.url]);
  runtime.settle();
  const done = a.peers.whenAcknowledged(500);
  await Promise.resolve();
  await Promise.resolve();
  runtime.advance(100);
  await done;
  assert.is(a.peers.stats().live, 2);
});

test("it closes everything, tells the peers, and refuses what comes later", async (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  connectAll(nodes);
  runtime.advance(1_000);
  const closing = a.peers.close();
  runtime.settle();
  await closing;
  assert.equal(a.peers.peers, []);
  assert.equal(a.peers.links, []);
  assert.is(network.open.length, 0);
  assert.throwsCode(() => a.peers.setUrls([]), "closed");
  await assert.rejectsCode(a.peers.whenAcknowledged(), "closed");
  const raw = connectRaw(a);
  runtime.settle();
  assert.is(raw.closedWith?.code, 1000);
  a.channel.write("alone");
  runtime.settle();
  assert.is(b.channel.size, 0);
  assert.ok(["offline", "connecting"].includes(b.peers.links[0]?.status ?? ""));
});

test("it lets a listener throw, and close the peer set from an event", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.on("link", () => {
    throw new Error("from a listener");
  });
  b.peers.on("peer", ({ state }) => {
    if (state === "syncing") void b.peers.close();
  });
  a.peers.setUrls([b.url]);
  runtime.settle();
  assert.ok(a.errors.every(({ code }) => code === "listener-failed"));
  assert.equal(b.peers.peers, []);
});
