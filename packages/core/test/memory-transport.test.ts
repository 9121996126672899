import { assert, suite } from "@chorus/testing";
import { createTransportPair } from "../src/memory-transport.js";
import type { Transport } from "../src/transport.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("memory transport");

interface Recording {
  readonly events: string[];
}

/** Starts an end and writes down what it reports. */
function record(transport: Transport): Recording {
  const events: string[] = [];
  transport.start({
    opened: () => events.push("opened"),
    received: (frame) => events.push(`received ${frame.length}`),
    drained: () => events.push("drained"),
    closed: ({ code, reason }) => events.push(`closed ${code} ${reason}`.trim()),
  });
  return { events };
}

test("it delivers frames in order, later, on both sides", () => {
  const runtime = new VirtualRuntime();
  const [a, b] = createTransportPair(runtime);
  const [left, right] = [record(a), record(b)];
  assert.equal(left.events, []);
  runtime.settle();
  a.send(new Uint8Array(1));
  a.send(new Uint8Array(2));
  b.send(new Uint8Array(3));
  assert.equal(right.events, ["opened"]);
  runtime.settle();
  assert.equal(right.events, ["opened", "received 1", "received 2"]);
  assert.equal(left.events, ["opened", "received 3"]);
  assert.is(a.bufferedBytes, 0);
});

test("it delivers what was sent before a close, and nothing after", () => {
  const runtime = new VirtualRuntime();
  const [a, b] = createTransportPair(runtime);
  const [left, right] = [record(a), record(b)];
  runtime.settle();
  a.send(new Uint8Array(1));
  a.close(4400, "protocol");
  a.send(new Uint8Array(2));
  runtime.settle();
  assert.equal(right.events, ["opened", "received 1", "closed 4400 protocol"]);
  assert.equal(left.events, ["opened", "closed 4400 protocol"]);
});

test("it drops what is under way when it is terminated", () => {
  const runtime = new VirtualRuntime();
  const [a, b] = createTransportPair(runtime);
  const [left, right] = [record(a), record(b)];
  runtime.settle();
  a.send(new Uint8Array(1));
  a.terminate();
  runtime.settle();
  assert.equal(right.events, ["opened", "closed 1006"]);
  assert.equal(left.events, ["opened", "closed 1006"]);
});

test("it buffers while the other side is paused, and drains below the low-water mark", () => {
  const runtime = new VirtualRuntime();
  const [a, b] = createTransportPair(runtime);
  const [left, right] = [record(a), record(b)];
  runtime.settle();
  b.pause();
  for (let i = 0; i < 10; i++) a.send(new Uint8Array(100_000));
  runtime.settle();
  assert.is(a.bufferedBytes, 1_000_000);
  assert.is(right.events.length, 1);
  b.resume();
  runtime.settle();
  assert.is(right.events.length, 11);
  assert.equal(left.events, ["opened", "drained"]);
});

test("it takes its time when it is given a latency and a speed", () => {
  const runtime = new VirtualRuntime();
  const [a, b] = createTransportPair(runtime, { latencyMs: 5, bytesPerMs: 100 });
  record(a);
  const right = record(b);
  runtime.settle();
  a.send(new Uint8Array(1_000));
  runtime.advance(14);
  assert.is(right.events.length, 1);
  runtime.advance(1);
  assert.is(right.events.length, 2);
});
