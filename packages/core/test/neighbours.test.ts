import { assert, suite } from "@chorus/testing";
import { EMPTY_UPDATE, encodeNeighbours, encodeUpdate, encodeVector } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectAll, connectRaw, type Node, type Wire } from "./virtual-network.js";
import { assertEqualContent, createNetwork, dropNext, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("neighbours");

function updatesSent(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { peers }) => sum + peers.stats().framesSent.update, 0);
}

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
