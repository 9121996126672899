import { assert, suite } from "@chorus/testing";
import { ANSWER_END, encodeUpdate, LIVE_UPDATE, PART, RESYNC_END } from "../src/frames.js";
import { Outbox, type OutboxOwner } from "../src/outbox.js";
import { DEFAULT_LIMITS, type ReplicationLimits } from "../src/replication-options.js";
import type { Transport } from "../src/transport.js";
import { FakeChannel } from "./fake-channel.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("outbox");

const NOBODY = new Map<number, number>();

/** An outbox whose transport holds as many bytes as the test says. */
function create(given: Partial<ReplicationLimits> = {}) {
  const runtime = new VirtualRuntime();
  const channel = new FakeChannel(runtime, "a", 1);
  const sent: number[] = [];
  const transport = { bufferedBytes: 0 };
  let behind = 0;
  let answered = 0;
  const owner: OutboxOwner = {
    runtime,
    replication: channel,
    // One part a turn; the clock of a test stands still in a turn.
    limits: { ...DEFAULT_LIMITS, turnBytes: DEFAULT_LIMITS.sliceBytes, ...given },
    transport: transport as unknown as Transport,
    cutting: new Set(),
    sendUpdate: (_update, flags) => void sent.push(flags),
    sendLive: () => void sent.push(LIVE_UPDATE),
    answered: () => void answered++,
    fellBehind: () => void behind++,
    caughtUp: () => {},
    failed: (error) => {
      throw error;
    },
  };
  const outbox = new Outbox(owner);
  const live = encodeUpdate(new Uint8Array(10), LIVE_UPDATE);
  return { runtime, channel, sent, transport, outbox, live, counts: () => ({ behind, answered }) };
}

test("it sends nothing before the peer asked", () => {
  const { outbox, sent, live } = create();
  outbox.offer(live);
  assert.equal(sent, []);
});

test("it answers with an empty last part when nothing is missing", () => {
  const { outbox, sent, live, counts } = create();
  outbox.answer(NOBODY);
  assert.equal(sent, [ANSWER_END]);
  assert.is(counts().answered, 1);
  outbox.offer(live);
  assert.equal(sent, [ANSWER_END, LIVE_UPDATE]);
});

test("it marks the last part only, and follows what is written meanwhile", () => {
  const { runtime, channel, outbox, sent, live } = create();
  for (let i = 0; i < 3; i++) channel.write("x".repeat(70_000));
  outbox.answer(NOBODY);
  assert.is(outbox.state, "answering");
  channel.write("late");
  outbox.offer(live);
  runtime.settle();
  assert.equal(sent, [PART, PART, PART, ANSWER_END]);
  assert.is(outbox.state, "live");
});

test("it answers a question that comes during an answer afterwards, and of several the last", () => {
  const { runtime, channel, outbox, sent } = create();
  for (let i = 0; i < 2; i++) channel.write("x".repeat(70_000));
  outbox.answer(NOBODY);
  outbox.answer(NOBODY);
  outbox.answer(new Map([[1, 2]]));
  runtime.settle();
  assert.equal(sent, [PART, ANSWER_END, ANSWER_END]);
});

test("it cuts no diff while something is not stored yet", () => {
  const { channel, outbox, sent } = create();
  const release = channel.holdSharing();
  outbox.answer(NOBODY);
  assert.equal(sent, []);
  release();
  assert.equal(sent, [ANSWER_END]);
});

test("it stops cutting above a mebibyte and goes on when the transport drained", () => {
  const { runtime, channel, transport, outbox, sent } = create();
  for (let i = 0; i < 4; i++) channel.write("x".repeat(70_000));
  outbox.answer(NOBODY);
  transport.bufferedBytes = 2 ** 20 + 1;
  runtime.settle();
  assert.equal(sent, [PART]);
  transport.bufferedBytes = 0;
  outbox.drained();
  runtime.settle();
  assert.equal(sent, [PART, PART, PART, ANSWER_END]);
});

test("it cuts as much in a turn as it may, so that a busy process answers in few", () => {
  const { channel, outbox, sent } = create({ turnBytes: 3 * DEFAULT_LIMITS.sliceBytes });
  for (let i = 0; i < 8; i++) channel.write("x".repeat(70_000));
  outbox.answer(NOBODY);
  assert.equal(sent, [PART, PART, PART]);
});

test("it queues nothing while behind, and then sends what the peer is not known to have", () => {
  const { runtime, channel, transport, outbox, sent, live, counts } = create();
  outbox.answer(NOBODY);
  channel.write("one");
  transport.bufferedBytes = 2 ** 20 + 1;
  for (let i = 0; i < 5; i++) outbox.offer(live);
  assert.equal(counts(), { behind: 1, answered: 1 });
  assert.equal(sent, [ANSWER_END]);
  transport.bufferedBytes = 0;
  outbox.drained();
  runtime.settle();
  assert.equal(sent, [ANSWER_END, RESYNC_END]);
  outbox.observeClock(1, 1);
  transport.bufferedBytes = 2 ** 20 + 1;
  outbox.offer(live);
  transport.bufferedBytes = 0;
  outbox.drained();
  assert.equal(sent, [ANSWER_END, RESYNC_END]);
  assert.is(outbox.state, "live");
});

test("it answers the question that came while behind instead of guessing", () => {
  const { channel, transport, outbox, sent, live } = create();
  outbox.answer(NOBODY);
  channel.write("one");
  transport.bufferedBytes = 2 ** 20 + 1;
  outbox.offer(live);
  outbox.answer(NOBODY);
  transport.bufferedBytes = 0;
  outbox.drained();
  assert.equal(sent, [ANSWER_END, ANSWER_END]);
});

test("it cuts an update that is larger than a frame may be into slices", () => {
  const { runtime, channel, outbox, sent } = create();
  outbox.answer(NOBODY);
  for (let i = 0; i < 3; i++) channel.write("x".repeat(70_000));
  outbox.offer(new Uint8Array(DEFAULT_LIMITS.maxFrameBytes + 1));
  runtime.settle();
  assert.equal(sent, [ANSWER_END, PART, PART, RESYNC_END]);
});

test("it is stalled above eight mebibytes, or without progress for thirty seconds", () => {
  const { runtime, transport, outbox, live } = create();
  outbox.answer(NOBODY);
  transport.bufferedBytes = 8 * 2 ** 20 + 1;
  assert.ok(outbox.isStalled());
  transport.bufferedBytes = 2 ** 21;
  outbox.offer(live);
  runtime.advance(29_000);
  assert.not(outbox.isStalled());
  transport.bufferedBytes -= 1;
  assert.not(outbox.isStalled());
  runtime.advance(29_000);
  assert.not(outbox.isStalled());
  runtime.advance(1_000);
  assert.ok(outbox.isStalled());
});

test("it does not begin again from the first vector of a peer that acknowledges nothing", () => {
  const { runtime, channel, transport, outbox, sent, live } = create();
  for (let i = 0; i < 3; i++) channel.write("x".repeat(70_000));
  outbox.answer(NOBODY);
  runtime.settle();
  assert.equal(sent.splice(0), [PART, PART, ANSWER_END]);
  for (let round = 0; round < 2; round++) {
    channel.write("y".repeat(70_000));
    transport.bufferedBytes = 2 ** 20 + 1;
    outbox.offer(live);
    transport.bufferedBytes = 0;
    outbox.drained();
    runtime.settle();
    assert.equal(sent.splice(0), [RESYNC_END]);
  }
});
