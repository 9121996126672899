// What the history is told of short runs by hand: whole channels without connections, in the order that matters.
import { Channel } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { contentsOf } from "../src/simulation/checks.js";
import { type Finding, History } from "../src/simulation/history.js";
import { Random } from "../src/simulation/random.js";
import { RecordingDocument } from "../src/simulation/recording-document.js";
import { Scheduler } from "../src/simulation/scheduler.js";
import { EPOCH_MS, VirtualRuntime } from "../src/simulation/virtual-runtime.js";

const test = suite("recording-document");

/** Ahead of all clocks. */
const FORCED = { timestampMs: EPOCH_MS + 60_000 };

const NEVER_MS = 1e9;

/** Longer than a commit waits for the turn after the last one. */
const TURN_MS = 10;

interface Replica {
  readonly channel: Channel;
  readonly document: RecordingDocument;
}

class ByHand {
  readonly history = new History();
  readonly #scheduler = new Scheduler();
  readonly #random = new Random(1);
  readonly #documents: RecordingDocument[] = [];

  replica(): Replica {
    const runtime = new VirtualRuntime({
      scheduler: this.#scheduler,
      random: this.#random,
      clock: { skewMs: 0 },
    });
    const documents = (): Iterable<RecordingDocument> => this.#documents;
    const channel = new Channel({
      name: "data",
      runtime,
      // Only when a test says so.
      maintenance: { dropDelayMs: NEVER_MS, batchPauseMs: NEVER_MS, idleAfterMs: NEVER_MS },
      cleaning: { minSegmentStructs: 4, maxSegmentStructs: 12, minIdleDead: 4 },
      createDocument: (options) => {
        this.#documents.push(new RecordingDocument(options, { history: this.history, documents }));
        return this.#documents.at(-1) as RecordingDocument;
      },
    });
    return { channel, document: this.#documents.at(-1) as RecordingDocument };
  }

  /** Sets a key, `k` unless another is named, or deletes it, and commits. */
  write(
    { channel, document }: Replica,
    value: string | undefined,
    options: { key?: string; timestampMs?: number } = {},
  ): void {
    const { key = "k", ...rest } = options;
    this.#scheduler.turn(() => {
      assert.ok(value === undefined ? channel.delete(key, rest) : channel.set(key, value, rest));
      document.noteWritten([key]);
    });
    this.#scheduler.runFor(TURN_MS);
  }

  sweep({ channel }: Replica): void {
    while (channel.maintain({ idle: true })) this.#scheduler.runFor(TURN_MS);
  }

  /** Brings `to` all that it lacks. */
  sync(from: Replica, to: Replica): void {
    const cursor = from.channel.replication.openDiff(to.channel.replication.vector());
    const parts: Uint8Array[] = [];
    for (let part = cursor.next(65_536); part; part = cursor.next(65_536)) parts.push(part);
    if (parts.length > 0) to.channel.replication.receive(parts, this, () => undefined);
    this.#scheduler.runFor(TURN_MS);
  }

  judge({ channel, document }: Replica): Finding[] {
    return this.history.judge(contentsOf({ channel }), document.vector());
  }
}

function kindsOf(findings: readonly Finding[]): string[] {
  return findings.map(({ kind }) => kind);
}

/** One deletes with a stamp of its own, and that is dropped before another hears of it, who sets then. */
function afterDeletion(): { world: ByHand; writer: Replica } {
  const world = new ByHand();
  const [deleter, writer] = [world.replica(), world.replica()];
  world.write(deleter, "old");
  world.write(deleter, undefined, FORCED);
  world.sweep(deleter);
  world.sync(deleter, writer);
  return { world, writer };
}

// Seed 381 of 400 steps, in short.
test("it tells a deletion from an earlier one that had the same stamp and was seen", () => {
  const { world, writer } = afterDeletion();
  const other = world.replica();
  world.write(writer, "seen");
  world.sync(writer, other);
  world.write(writer, "new");
  world.write(other, undefined, FORCED);
  world.sync(writer, other);
  world.sync(other, writer);
  assert.is(writer.channel.get("k"), undefined);
  assert.equal(world.judge(writer), []);
});

test("it takes a deletion as seen although another one with the same stamp was not", () => {
  const { world, writer } = afterDeletion();
  const other = world.replica();
  world.write(other, "other");
  world.write(other, undefined, FORCED);
  world.write(writer, "new");
  assert.equal(world.judge(writer), []);
  // Nobody ever hears of the other's deletion.
  assert.equal(kindsOf(world.history.judge(new Map(), writer.document.vector())), ["LOST"]);
});

test("it takes a write as seen that was moved meanwhile, when the original is here", () => {
  const world = new ByHand();
  const [mover, deleter] = [world.replica(), world.replica()];
  world.write(mover, "moved");
  world.sync(mover, deleter);
  for (let i = 0; i < 8; i++) world.write(mover, "churned", { key: "other" });
  world.sweep(mover);
  assert.ok(mover.channel.stats().moved > 0);
  world.write(deleter, undefined);
  assert.equal([...(world.history.writes.at(-1)?.hidden ?? [])], []);
  assert.equal(kindsOf(world.history.judge(new Map([["k", '"moved"']]), deleter.document.vector())), [
    "RESURRECTED",
  ]);
});
