import { assert, suite } from "@chorus/testing";
import { encodeDigest, encodeNeighbours, encodeUpdate } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { becomeLive, emptyAnswer, text } from "./live-peer.js";
import { createNetwork, framesTo } from "./virtual-setup.js";

const test = suite("connection digest");

test("it asks when a digest shows the peer ahead, and shows its own when it is ahead itself", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  runtime.advance(2_000);
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(encodeDigest(5, encodeStateVector(new Map([[77, 3]]))));
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, asked + 1);
  raw.transport.send(encodeUpdate(text([[77, 0, ["1", "2", "3"]]]), 2));
  a.channel.write("own");
  runtime.settle();
  const digests = framesTo(raw, "digest").length;
  for (let i = 0; i < 3; i++) raw.transport.send(encodeDigest(5, encodeStateVector(new Map([[77, 3]]))));
  runtime.settle();
  assert.is(framesTo(raw, "digest").length, digests + 1);
});

test("it asks once, then reports divergence once, when equal vectors have different hashes", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  const wrong = encodeDigest(a.channel.digest() + 1, encodeStateVector(new Map()));
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(wrong);
  raw.transport.send(wrong);
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, asked + 1);
  assert.equal(a.errors, []);
  raw.transport.send(emptyAnswer);
  raw.transport.send(wrong);
  runtime.advance(15_000);
  assert.equal(a.errors, []);
  for (let i = 0; i < 3; i++) raw.transport.send(wrong);
  runtime.settle();
  assert.equal(
    a.errors.map(({ code }) => code),
    ["divergence"],
  );
  assert.is(a.peers.stats().divergences, 1);
  assert.is(raw.closedWith, undefined);
});

test("it reports divergence of two real replicas within two minutes, and not of equal ones", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.setUrls([b.url]);
  a.channel.write("x");
  runtime.advance(60_000);
  assert.equal([...a.errors, ...b.errors], []);
  b.channel.corruption = 1;
  runtime.advance(120_000);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["divergence"],
  );
  assert.equal(
    b.errors.map(({ code }) => code),
    ["divergence"],
  );
});

test("it lets neighbours that come and go bring about a digest a second, and misses none", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const toggler = becomeLive(a, runtime, { replicaId: "toggler", sessionId: 1 });
  const third = becomeLive(a, runtime, { replicaId: "third", sessionId: 2 });
  runtime.advance(500);
  const before = framesTo(third, "digest").length;
  const toggle = (): void => {
    for (const neighbours of [["third"], []]) toggler.transport.send(encodeNeighbours(neighbours));
  };
  for (let i = 0; i < 100; i++) toggle();
  runtime.advance(499);
  assert.is(framesTo(third, "digest").length, before);
  runtime.advance(1);
  assert.is(framesTo(third, "digest").length, before + 1);
  for (let i = 0; i < 30; i++) {
    toggle();
    runtime.advance(100);
  }
  assert.is(framesTo(third, "digest").length, before + 4);
  runtime.advance(1_000);
  toggle();
  runtime.settle();
  assert.is(framesTo(third, "digest").length, before + 5, "at once when the last one is old enough");
});

test("it sends no digest to a peer that is behind, but as soon as that has caught up", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const third = becomeLive(a, runtime, { replicaId: "third", sessionId: 2 });
  const toggler = becomeLive(a, runtime, { replicaId: "toggler", sessionId: 1 });
  runtime.advance(2_000);
  third.transport.pause();
  const before = framesTo(third, "digest").length;
  for (let i = 0; i < 12; i++) a.channel.write("x".repeat(100_000));
  const { digest } = a.peers.stats().framesSent;
  for (const neighbours of [["third"], []]) toggler.transport.send(encodeNeighbours(neighbours));
  runtime.advance(1_500);
  assert.is(a.peers.stats().framesSent.digest, digest);
  third.transport.resume();
  runtime.advance(1_000);
  assert.is(framesTo(third, "digest").length, before + 1);
});
