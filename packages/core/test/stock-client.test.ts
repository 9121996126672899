import { assert, suite } from "@chorus/testing";
import { decodeStockMessage, encodeStockUpdate, encodeStockVector } from "../src/yjs-sync-codec.js";
import type { Frame } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectRaw, type RawPeer } from "./virtual-network.js";
import { createNetwork } from "./virtual-setup.js";

const test = suite("stock client");

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function messagesTo(raw: RawPeer): (Frame | undefined)[] {
  return raw.received.map((message) => decodeStockMessage(message, 2 ** 23));
}

test("it exchanges step 1, step 2 and updates with a client that says no hello", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.setUrls([b.url]);
  a.channel.write("before");
  const client = connectRaw(a, { stockClient: true });
  runtime.settle();
  assert.equal(
    messagesTo(client).map((frame) => frame?.kind),
    ["vector"],
  );
  client.transport.send(encodeStockVector(encodeStateVector(new Map())));
  client.transport.send(encodeStockUpdate(text([[5, 0, ["client"]]]), 2));
  runtime.settle();
  const answer = messagesTo(client).find((frame) => frame?.kind === "update");
  assert.ok(answer?.kind === "update" && answer.flags === 2);
  assert.is(a.channel.size, 2);
  assert.is(b.channel.content(), a.channel.content());
  assert.ok(a.peers.peers.some(({ replicaId, state }) => replicaId.startsWith("stock-") && state === "live"));
  client.transport.send(encodeStockUpdate(text([[5, 1, ["live"]]]), 0));
  b.channel.write("from b");
  runtime.settle();
  assert.is(a.channel.size, 4);
  assert.is(b.channel.size, 4);
  const last = messagesTo(client).at(-1);
  assert.ok(last?.kind === "update" && last.flags === 0);
});

test("it says something every twenty seconds, and keeps a client that answers", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const client = connectRaw(a, { stockClient: true });
  runtime.settle();
  let seen = client.received.length;
  for (let i = 0; i < 10; i++) {
    for (const frame of messagesTo(client).slice(-2)) {
      if (frame?.kind === "vector") client.transport.send(encodeStockUpdate(new Uint8Array([0, 0]), 2));
    }
    runtime.advance(20_000);
    assert.ok(client.received.length > seen);
    seen = client.received.length;
  }
  assert.is(client.closedWith, undefined);
  runtime.advance(60_000);
  assert.is(client.closedWith?.code, 4408);
});

test("it closes 4400 for garbage, without an error frame", (t) => {
  const { runtime, network } = createNetwork(t);
  const client = connectRaw(network.add("a"), { stockClient: true });
  runtime.settle();
  const before = client.received.length;
  client.transport.send(new Uint8Array([0, 2, 200, 1]));
  runtime.settle();
  assert.is(client.closedWith?.code, 4400);
  assert.is(client.received.length, before);
});

test("it never takes a write from a client that may only read", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  a.channel.write("x");
  const client = connectRaw(a, { stockClient: true, grant: "r" });
  runtime.settle();
  client.transport.send(encodeStockVector(encodeStateVector(new Map())));
  client.transport.send(encodeStockUpdate(text([[5, 0, ["client"]]]), 0));
  runtime.advance(60_000);
  assert.is(a.channel.size, 1);
  assert.is(a.peers.stats().refused, 1);
  assert.is(client.closedWith, undefined);
  assert.ok(messagesTo(client).some((frame) => frame?.kind === "update"));
});
