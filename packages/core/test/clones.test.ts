// Two running sessions of one replica: who finds them, who is told, and how those with a store go on under other ids.
import { assert, suite } from "@chorus/testing";
import { encodeError } from "../src/frames.js";
import { becomeLive } from "./live-peer.js";
import { connectRaw, type Node } from "./virtual-network.js";
import { assertEqualContent, createNetwork, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("clones");

const codes = ({ errors }: Node): string[] => errors.map(({ code }) => code);
const statuses = ({ peers }: Node): string[] => peers.links.map(({ status }) => status);
/** The id that a fake channel takes when it renounces "r". */
const renamed = ({ channel }: Node): string => `r-${channel.sessionId}`;
const livePeers = ({ peers }: Node): string[] =>
  peers.peers
    .filter(({ state }) => state === "live")
    .map(({ replicaId }) => replicaId)
    .sort();

test("both take another id when they meet, and come up under it everywhere", (t) => {
  const { runtime, network } = createNetwork(t);
  const [one, two] = ["one", "two"].map((name) => network.add(name, { replicaId: "r", durable: true }));
  const hub = network.add("hub", { durable: true });
  if (!one || !two) throw new Error("two nodes were added");
  one.peers.setUrls([hub.url]);
  runtime.advance(20_000);
  one.peers.setUrls([hub.url, two.url]);
  runtime.settle();
  // At once: no time has passed.
  assert.is(one.channel.replicaId, renamed(one));
  assert.is(two.channel.replicaId, renamed(two));
  assert.equal(statuses(one), ["synced", "synced"]);
  assert.equal(livePeers(hub), [renamed(one)]);
  assert.equal(livePeers(two), [renamed(one)]);
  for (const node of [one, two]) {
    assert.equal(codes(node), ["replica-cloned"]);
    assert.is(node.channel.renounced.length, 1);
  }
  assert.equal(codes(hub), []);
  assertEqualContent([one, two, hub], 2);
  const wires = network.wires.length;
  runtime.advance(60_000);
  assert.is(network.wires.length, wires);
});

test("the one with a store takes another id when it meets one without, which tries again soon", (t) => {
  const { runtime, network } = createNetwork(t);
  const keeper = network.add("keeper", { replicaId: "r", durable: true });
  const forgetful = network.add("forgetful", { replicaId: "r" });
  forgetful.peers.setUrls([keeper.url]);
  runtime.advance(250);
  assert.is(keeper.channel.replicaId, renamed(keeper));
  assert.is(forgetful.channel.replicaId, "r");
  assert.equal(livePeers(forgetful), [renamed(keeper)]);
  assert.equal(codes(forgetful), ["replica-cloned"]);
});

test("both learn of it from a third that both dial", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub");
  const old = network.add("old", { replicaId: "r", durable: true });
  const young = network.add("young", { replicaId: "r", durable: true });
  old.peers.setUrls([hub.url]);
  runtime.advance(20_000);
  young.peers.setUrls([hub.url]);
  runtime.advance(1_000);
  assert.equal(livePeers(hub), [renamed(old), renamed(young)].sort());
  for (const node of [hub, old, young]) assert.equal(codes(node), ["replica-cloned"], node.name);
  assert.equal([...statuses(old), ...statuses(young)], ["synced", "synced"]);
  assertEqualContent([hub, old, young], 2);
});

test("both learn of it from a third that dials both", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub");
  const one = network.add("one", { replicaId: "r", durable: true });
  const two = network.add("two", { replicaId: "r", durable: true });
  hub.peers.setUrls([one.url]);
  runtime.advance(20_000);
  hub.peers.setUrls([one.url, two.url]);
  runtime.advance(2_000);
  assert.equal(livePeers(hub), [renamed(one), renamed(two)].sort());
  for (const node of [hub, one, two]) assert.equal(codes(node), ["replica-cloned"], node.name);
  assert.equal(statuses(hub), ["synced", "synced"]);
});

test("without stores the newest stays, and the link to the other counts as synced after one event", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub");
  const [one, two] = [network.add("one", { replicaId: "r" }), network.add("two", { replicaId: "r" })];
  hub.peers.setUrls([one.url]);
  runtime.advance(20_000);
  hub.peers.setUrls([one.url, two.url]);
  runtime.advance(120_000);
  assert.equal(
    hub.peers.peers.map(({ sessionId }) => sessionId),
    [two.channel.sessionId],
  );
  assert.equal(statuses(hub), ["synced", "synced"]);
  assert.equal([codes(hub), codes(one), codes(two)], [["replica-cloned"], ["replica-cloned"], []]);
});

test("a peer that says it again and again is believed once", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a", { durable: true });
  for (let i = 0; i < 3; i++) {
    const raw = becomeLive(a, runtime, { replicaId: `liar ${i}`, sessionId: i });
    for (let n = 0; n < 5; n++) raw.transport.send(encodeError("replica-cloned", "believe me"));
    runtime.settle();
    raw.transport.terminate();
  }
  const id = `a-${a.channel.sessionId}`;
  for (let i = 0; i < 3; i++) {
    const raw = connectRaw(a);
    runtime.settle();
    raw.transport.send(helloFrame({ replicaId: id, sessionId: 100 + i }));
    runtime.settle();
    assert.equal(raw.closedWith, { code: 4409, reason: "replica-cloned" });
  }
  assert.is(a.channel.replicaId, id);
  assert.is(a.channel.renounced.length, 6);
  assert.equal(codes(a), new Array(6).fill("replica-cloned"));
});

test("the link is slow when the replica keeps its id all the same", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub", { durable: true });
  const a = network.add("a", { durable: true });
  assert.ok(a.channel.renounce(a.errors[0] ?? (new Error("once before") as never)));
  runtime.settle();
  a.peers.setUrls([hub.url]);
  runtime.settle();
  const { replicaId } = a.channel;
  const liar = becomeLive(hub, runtime, { replicaId, sessionId: 5 });
  runtime.advance(1_000);
  assert.equal(codes(a), ["replica-cloned"]);
  assert.is(a.channel.replicaId, replicaId);
  assert.equal(statuses(a), ["offline"]);
  liar.transport.terminate();
  const wires = network.wires.length;
  runtime.advance(28_000);
  assert.is(network.wires.length, wires);
  runtime.advance(60_000);
  assert.equal(statuses(a), ["synced"]);
});

test("a replica that is started again is none, though its old connection still seems open", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub", { durable: true });
  const [dead, dying] = [connectRaw(hub), connectRaw(hub)];
  runtime.settle();
  dead.transport.send(helloFrame({ replicaId: "r", sessionId: 1, features: ["durable"] }));
  runtime.advance(4_000);
  const again = network.add("again", { replicaId: "r", durable: true });
  again.peers.setUrls([hub.url]);
  runtime.settle();
  assert.equal(dead.closedWith, { code: 4409, reason: "replaced" });
  // The last frame of the old process comes late, over a connection that was set up before.
  dying.transport.send(helloFrame({ replicaId: "r", sessionId: 1, features: ["durable"] }));
  runtime.advance(60_000);
  assert.equal(dying.closedWith, { code: 4409, reason: "replaced" });
  assert.equal(livePeers(hub), ["r"]);
  assert.is(network.wires.length, 1);
  assert.equal([...codes(hub), ...codes(again)], []);
  assert.equal(again.channel.renounced, []);
});

test("a replica that a link reaches is none when it is started again at the same URL", (t) => {
  const { runtime, network } = createNetwork(t);
  const hub = network.add("hub", { replicaId: "z", durable: true });
  const before = network.add("r", { durable: true });
  hub.peers.setUrls([before.url]);
  runtime.advance(20_000);
  // A new process at the same place; the old one's connections stay open without a sign of life.
  network.wire("hub", "r").accepted.pause();
  network.wire("hub", "r").accepted.filter = () => undefined;
  const after = network.add("r", { durable: true });
  after.peers.setUrls([hub.url]);
  runtime.advance(20_000);
  assert.equal(livePeers(hub), ["r"]);
  assert.is(hub.peers.peers[0]?.sessionId, after.channel.sessionId);
  assert.equal(statuses(hub), ["synced"]);
  assert.equal([...codes(hub), ...codes(after)], []);
  assert.equal(after.channel.renounced, []);
  before.channel.replicaId = "gone";
  void before.peers.close();
  runtime.advance(2_000);
});

test("a process that was stopped and goes on is none: its session is the same", (t) => {
  const { runtime, network } = createNetwork(t);
  const [hub, a] = [network.add("hub", { durable: true }), network.add("a", { durable: true })];
  a.peers.setUrls([hub.url]);
  runtime.advance(20_000);
  // Nothing of it is heard until the hub gives up; what it does then it does as the same session.
  network.wire("a", "hub").dialled.filter = () => undefined;
  runtime.advance(26_000);
  assert.is(network.wires.length, 2);
  assert.equal(livePeers(hub), ["a"]);
  assert.equal([codes(hub), codes(a)], [["timeout"], ["timeout"]]);
  assert.equal(a.channel.renounced, []);
});

test("a replica that changes its id for reasons of its own begins its connections anew, without an event", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b, c] = ["a", "b", "c"].map((name) => network.add(name, { durable: true })) as [Node, Node, Node];
  a.peers.setUrls([b.url]);
  c.peers.setUrls([a.url]);
  const stock = connectRaw(a, { stockClient: true });
  runtime.advance(20_000);
  const wires = network.wires.length;
  a.channel.rename();
  runtime.settle();
  assert.equal(livePeers(b), [a.channel.replicaId]);
  assert.equal(network.wire("a", "b"), network.wires[wires]);
  runtime.advance(200);
  assert.equal(livePeers(c), [a.channel.replicaId]);
  assert.is(network.wires.length, wires + 2);
  assert.is(stock.closedWith, undefined);
  for (const node of [a, b, c]) assert.equal(codes(node), []);
  a.channel.write("after");
  runtime.settle();
  assertEqualContent([a, b, c], 2);
});

test("a link that was refused, or waits for another, is not dialled by a new id", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a", { durable: true }), network.add("b")];
  b.peers.setUrls([a.url]);
  runtime.advance(1_000);
  b.peers.unpeer([a.url]);
  a.peers.setUrls([b.url]);
  runtime.settle();
  assert.equal(statuses(a), ["unauthorized"]);
  const wires = network.wires.length;
  a.channel.rename();
  runtime.advance(20_000);
  assert.is(network.wires.length, wires);
});

test("the hello names the id of the moment, and whether there is a store", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a", { durable: true });
  const first = connectRaw(a);
  runtime.settle();
  a.channel.rename();
  runtime.settle();
  assert.equal(first.closedWith, { code: 4409, reason: "replaced" });
  const second = becomeLive(a, runtime, { replicaId: "p", sessionId: 9, features: ["durable", "later"] });
  becomeLive(a, runtime, { replicaId: "q", sessionId: 10 });
  const hellos = [first, second].flatMap((raw) =>
    framesTo(raw, "hello").map(
      (frame) => frame.kind === "hello" && [frame.hello.replicaId, frame.hello.features],
    ),
  );
  assert.equal(hellos, [
    ["a", ["durable"]],
    [`a-${a.channel.sessionId}`, ["durable"]],
  ]);
  assert.equal(
    a.peers.peers.map(({ replicaId, durable }) => [replicaId, durable]),
    [
      ["p", true],
      ["q", false],
    ],
  );
  assert.equal(a.channel.synced, ["p", undefined]);
});
