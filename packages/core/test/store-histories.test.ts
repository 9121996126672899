import { assert, suite } from "@chorus/testing";
import { type Fixture, numbersOf, openStore, resolved, type Session } from "./store-support.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("store: random histories", { deadlineMs: 60_000 });

/** What must hold of one channel, however its store was treated. */
interface Model {
  readonly name: string;
  session: Session;
  /** All numbers ever appended, and those of them that the store has promised to keep. */
  readonly appended: Set<number>;
  readonly promised: Set<number>;
  /** Appended in this session, in order. */
  order: number[];
  replicaId: string;
}

const LIMITS = {
  minFoldBytes: 1_500,
  maxQueuedBytes: 2_500,
  maxBatchBytes: 600,
  foldRetryMs: 700,
  maxLogRecords: 40,
};

/** One history of a store with two channels, made by a seed. */
async function run(seed: number): Promise<{ folds: number; crashes: number }> {
  const chance = new VirtualRuntime(seed);
  const below = (limit: number): number => Math.floor(chance.random() * limit);
  const counts = { folds: 0, crashes: 0 };
  let next = 1;
  let fixture: Fixture = await openStore(LIMITS);
  const begin = (name: string): Session => {
    const session = fixture.open(name);
    session.perSlice = 1 + below(8);
    session.segments = new Set(session.restored.sessions.map(({ sessionId }) => sessionId));
    return session;
  };
  const models: Model[] = ["a", "a/b"].map((name) => {
    const session = begin(name);
    return { name, session, appended: new Set(), promised: new Set(), order: [], replicaId: "" };
  });
  const check = (model: Model): void => {
    const { session } = model;
    const stored = session.stored;
    assert.equal(stored, model.order.slice(0, stored.length), `order in ${model.name}, seed ${seed}`);
    for (const number of stored) model.promised.add(number);
    if (stored.length > 0) model.replicaId = session.storage.replicaId;
    counts.folds += session.diffs;
  };
  const restart = async (isClean: boolean): Promise<void> => {
    if (isClean) await resolved(fixture.runtime, fixture.store.close());
    for (const model of models) check(model);
    assert.equal(fixture.runtime.escaped, []);
    if (!isClean) counts.crashes++;
    fixture = await openStore({ ...LIMITS, database: fixture.database.crashed() });
    assert.equal(fixture.store.findings, []);
    for (const model of models) {
      model.session = begin(model.name);
      const { restored, storage } = model.session;
      const found = new Set(numbersOf(restored));
      for (const number of model.promised) {
        assert.ok(found.has(number), `${number} of ${model.name} is lost, seed ${seed}`);
      }
      for (const number of found)
        assert.ok(model.appended.has(number), `${number} was never appended, seed ${seed}`);
      assert.not(restored.isDamaged, `damaged, seed ${seed}`);
      if (model.replicaId) assert.is(storage.replicaId, model.replicaId);
      assert.ok(restored.sessions.every(({ complete }) => complete));
      model.order = [];
    }
  };
  for (let step = 0; step < 120; step++) {
    const { database, runtime } = fixture;
    const model = models[below(2)] as Model;
    const what = below(20);
    if (what < 10) {
      const many = what === 0 ? 40 : 1 + below(4);
      for (let i = 0; i < many; i++) {
        model.appended.add(next);
        model.order.push(next);
        model.session.add(next++, 20 + below(100));
      }
    } else if (what < 15) {
      // Some turns, so that whatever comes next comes in the middle of a fold.
      let turns = below(12);
      const turn = (): void => {
        if (turns-- > 0) runtime.later(turn);
      };
      turn();
      runtime.advance(what < 12 ? 0 : below(1_500));
    } else if (what === 15) {
      database.keepsFailed = below(2) === 0;
      database.failure = new Error(below(2) ? "No space left on device" : "Input/output error");
    } else if (what === 16) {
      database.isHanging = true;
      if (below(3) === 0) database.failure = new Error("Input/output error");
    } else if (what === 17) {
      database.failure = undefined;
      database.release();
      runtime.advance(2_000);
    } else if (what === 18 && below(2)) {
      database.failure = undefined;
      database.release();
      await restart(true);
    } else if (what === 19 && below(2)) {
      await restart(false);
    }
  }
  fixture.database.failure = undefined;
  fixture.database.release();
  fixture.runtime.advance(10_000);
  for (const model of models) {
    assert.equal(model.session.stored, model.order, `everything is stored in the end, seed ${seed}`);
  }
  await restart(true);
  return counts;
}

test("keeps what it promised and in order, through failures, hangs, overflows, folds and crashes", async () => {
  const from = Number(process.env.SEED ?? 1);
  const total = { folds: 0, crashes: 0 };
  for (let seed = from; seed < from + 25; seed++) {
    try {
      const { folds, crashes } = await run(seed);
      total.folds += folds;
      total.crashes += crashes;
    } catch (error) {
      process.stdout.write(`\n  SEED=${seed}\n`);
      throw error;
    }
  }
  assert.ok(total.folds > 25 && total.crashes > 25, JSON.stringify(total));
});
