import { assert, suite } from "@chorus/testing";
import { connectAll, connectRaw, type Node } from "./virtual-network.js";
import { createNetwork, helloFrame } from "./virtual-setup.js";

const test = suite("admission");

function assertEqualContent(nodes: readonly Node[], size: number): void {
  for (const { channel } of nodes) {
    assert.is(channel.size, size);
    assert.is(channel.content(), nodes[0]?.channel.content());
  }
}

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

test("it knows itself by the session, also when its replicaId has changed between two hellos", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame({ replicaId: "a before", sessionId: a.channel.sessionId }));
  runtime.settle();
  assert.equal(raw.closedWith, { code: 4409, reason: "self" });
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

test("it lets a replica in again when the newer session that replaced it is gone", (t) => {
  const { runtime, network } = createNetwork(t);
  const [hub, b] = [network.add("hub"), network.add("b")];
  b.peers.setUrls([hub.url]);
  runtime.advance(1_000);
  const liar = connectRaw(hub, { grant: "r" });
  runtime.settle();
  liar.transport.send(helloFrame({ replicaId: "b", sessionId: 999 }));
  runtime.settle();
  assert.equal(network.wire("b", "hub").accepted.closedWith, { code: 4409, reason: "replaced" });
  liar.transport.close(1000, "closed");
  runtime.advance(30_000);
  assert.equal(
    hub.peers.peers.map(({ sessionId, state }) => [sessionId, state]),
    [[b.channel.sessionId, "live"]],
  );
  assert.is(b.peers.links[0]?.status, "synced");
  assert.equal([...hub.errors, ...b.errors], []);
});

for (const [readerId, hubId] of [
  ["a", "z"],
  ["z", "a"],
] as const) {
  test(`it keeps the connection that permits writing when hub ${hubId} is dialled by reader ${readerId}`, (t) => {
    const { runtime, network } = createNetwork(t);
    const [reader, hub] = [network.add(readerId), network.add(hubId)];
    hub.accept = { grant: "r" };
    hub.peers.setUrls([reader.url]);
    runtime.advance(3_000);
    reader.peers.setUrls([hub.url]);
    runtime.advance(3_000);
    reader.channel.write("from the reader");
    hub.channel.write("from the hub");
    runtime.settle();
    assertEqualContent([reader, hub], 2);
    assert.is(network.open.length, 2);
    assert.is(network.wires.length, 2);
    assert.equal([...reader.errors, ...hub.errors], []);
  });
}
