import { assert, suite } from "@chorus/testing";
import { Inbox, type InboxSource } from "../src/inbox.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("inbox");

/** A runtime whose clock a test moves while a frame is worked off. */
class BusyRuntime extends VirtualRuntime {
  busyMs = 0;

  override elapsed(): number {
    return super.elapsed() + this.busyMs;
  }
}

class Source implements InboxSource {
  queuedBytes = 0;
  isPaused = false;
  mustWait = false;
  readonly handled: number[] = [];
  readonly #onFrame: (frame: Uint8Array) => void;

  constructor(onFrame: (frame: Uint8Array) => void = () => {}) {
    this.#onFrame = onFrame;
  }

  handleFrame(frame: Uint8Array): void {
    this.handled.push(frame[0] ?? -1);
    this.#onFrame(frame);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

const limits = { turnBudgetMs: 8, inboxBytes: 100 };

test("it works a frame off at once when there is time", () => {
  const source = new Source();
  new Inbox(new VirtualRuntime(), limits).push(source, new Uint8Array([1]));
  assert.equal(source.handled, [1]);
});

test("it spends eight milliseconds a turn and leaves the rest, in order", () => {
  const runtime = new BusyRuntime();
  const inbox = new Inbox(runtime, limits);
  const source = new Source(() => {
    runtime.busyMs += 3;
  });
  for (let i = 0; i < 10; i++) inbox.push(source, new Uint8Array([i]));
  assert.equal(source.handled, [0, 1, 2]);
  assert.is(inbox.length, 7);
  let turns = 0;
  runtime.later(() => {
    turns = source.handled.length;
  });
  runtime.settle();
  assert.is(turns, 6);
  assert.equal(source.handled, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("it keeps the order when a frame brings another", () => {
  const runtime = new VirtualRuntime();
  const inbox = new Inbox(runtime, limits);
  const source: Source = new Source((frame) => {
    if (frame[0] === 1) inbox.push(source, new Uint8Array([2]));
  });
  inbox.push(source, new Uint8Array([1]));
  inbox.push(source, new Uint8Array([3]));
  runtime.settle();
  assert.equal(source.handled, [1, 2, 3]);
});

test("it pauses a source above its mark and resumes it at half", () => {
  const runtime = new BusyRuntime();
  const inbox = new Inbox(runtime, limits);
  const source = new Source(() => {
    runtime.busyMs += 10;
  });
  const other = new Source();
  for (let i = 0; i < 5; i++) inbox.push(source, new Uint8Array(30).fill(i));
  inbox.push(other, new Uint8Array([7]));
  assert.ok(source.isPaused);
  assert.not(other.isPaused);
  assert.is(source.queuedBytes, 120);
  runtime.settle();
  assert.not(source.isPaused);
  assert.is(source.queuedBytes, 0);
  assert.equal(other.handled, [7]);
});

test("it holds back who must wait, in order and with its bytes counted, and lets others go on", () => {
  const runtime = new VirtualRuntime();
  const waiting: (() => void)[] = [];
  const inbox = new Inbox(runtime, limits, (task) => void waiting.push(task));
  const held = new Source();
  const other = new Source();
  held.mustWait = true;
  for (let i = 0; i < 3; i++) inbox.push(held, new Uint8Array(60).fill(i));
  inbox.push(other, new Uint8Array([9]));
  runtime.settle();
  assert.equal([held.handled, other.handled], [[], [9]]);
  assert.equal([held.isPaused, held.queuedBytes, inbox.length], [true, 180, 3]);
  inbox.push(held, new Uint8Array([3]));
  held.mustWait = false;
  for (const task of waiting) task();
  runtime.settle();
  assert.equal(held.handled, [0, 1, 2, 3]);
  assert.equal([held.isPaused, held.queuedBytes, inbox.length], [false, 0, 0]);
});

test("it forgets what it holds back when it closes", () => {
  const runtime = new VirtualRuntime();
  const waiting: (() => void)[] = [];
  const inbox = new Inbox(runtime, limits, (task) => void waiting.push(task));
  const held = new Source();
  held.mustWait = true;
  inbox.push(held, new Uint8Array([1]));
  runtime.settle();
  inbox.close();
  held.mustWait = false;
  for (const task of waiting) task();
  runtime.settle();
  assert.equal(held.handled, []);
});
