// Random histories on whole channels, delivered by hand. Whatever was written and however it travelled, all replicas
// must end equal; and where deliveries are causal, with what the rules promise.
import { assert, suite } from "@chorus/testing";
import { HeldStorage, storedAs } from "./held-storage.js";
import { Chance, freshSeed, Replica, settle } from "./replica.js";

const test = suite("convergence", { deadlineMs: 20_000 });

const KEYS = ["a", "b", "c"];

function replicas(chance: Chance, count: number): Replica[] {
  return Array.from({ length: count }, () => {
    const maxBatchEntries = 1 + chance.below(3);
    const cleaning = {
      minIdleDead: 4,
      minSegmentStructs: 8,
      maxSegmentStructs: 8,
      moveBatch: 1 + chance.below(3),
      dropBatch: 1 + chance.below(3),
    };
    return new Replica({ wall: 10 + chance.below(3), maxBatchEntries, cleaning });
  });
}

/** Some of them store what they do, slowly; nothing of theirs may leave before it is stored. */
function withLogs(chance: Chance, count: number): { all: Replica[]; logs: HeldStorage[] } {
  const logs: HeldStorage[] = [];
  const all = Array.from({ length: count }, () => {
    if (chance.below(2)) return replicas(chance, 1)[0] as Replica;
    const storage = new HeldStorage();
    logs.push(storage);
    const cleaning = {
      minIdleDead: 4,
      minSegmentStructs: 8,
      maxSegmentStructs: 8,
      moveBatch: 1 + chance.below(3),
    };
    const replica = new Replica({ wall: 10, maxBatchEntries: 2, cleaning, storage });
    replica.channel.replication.onUpdate((update) =>
      assert.ok(storage.kept.has(update), "stored before sent"),
    );
    return replica;
  });
  return { all, logs };
}

function assertEqual(all: readonly Replica[], what: string): void {
  const [first] = all as [Replica];
  for (const replica of all) {
    assert.equal(replica.content(), first.content(), what);
    assert.is(replica.channel.contentHash(), first.channel.contentHash(), what);
    assert.is(replica.channel.replication.digest(), first.channel.replication.digest(), what);
    assert.equal([...replica.channel.entries("stamp")], [...first.channel.entries("stamp")], what);
    assert.is(replica.channel.size, [...replica.channel.keys()].length, what);
  }
}

/**
 * At rest no tombstone is left, and below a value only what its own writer keeps until it cleans that segment. Equal
 * values of several writers all stay: none is superseded.
 */
function assertDropped(replica: Replica, what: string): void {
  for (const [key, winner] of replica.document?.index.entries() ?? []) {
    assert.is.not(winner.json, undefined, `${what}: a tombstone of ${key} is left`);
    for (let holder = winner.next; holder; holder = holder.next) {
      if (holder.stamp === winner.stamp && holder.json === winner.json) continue;
      assert.is(
        holder.segment.session,
        winner.segment.session,
        `${what}: what supersedes ${key} is another's`,
      );
    }
  }
}

/** Updates on their way from each replica to each other, in the order they were sent. */
class Network {
  readonly #queues = new Map<Replica, Map<Replica, Uint8Array[]>>();
  readonly #all: readonly Replica[];

  constructor(all: readonly Replica[]) {
    this.#all = all;
    for (const from of all) {
      this.#queues.set(from, new Map(all.filter((to) => to !== from).map((to) => [to, []])));
      from.channel.replication.onUpdate((update, source) => {
        if (source !== undefined) return;
        for (const queue of this.#queues.get(from)?.values() ?? []) queue.push(update);
      });
    }
  }

  /** Delivers the next update of a random pair. @returns whether anything was on its way */
  deliver(chance: Chance): boolean {
    const from = chance.of(this.#all);
    const to = chance.of(this.#all.filter((other) => other !== from));
    const queue = this.#queues.get(from)?.get(to);
    const update = queue?.shift();
    if (!update) return false;
    if (to.receive(update) === "gap") from.channel.replication.whenShareable(() => from.syncTo(to));
    else if (chance.below(4) === 0) assert.is.not(to.receive(update), "gap");
    return true;
  }
}

function act(chance: Chance, replica: Replica, step: number): void {
  const key = chance.of(KEYS);
  const kind = chance.below(12);
  if (kind < 4) replica.channel.set(key, step);
  else if (kind < 7) replica.channel.delete(key);
  else if (kind < 8) replica.channel.set(key, step % 3, { timestampMs: 8 + chance.below(6) });
  else if (kind < 9) replica.channel.update(KEYS.map((each) => [each, chance.below(2) ? step : undefined]));
  else if (kind < 10) replica.runtime.wall += chance.below(3) - 1;
  else
    replica.channel.maintain({
      idle: chance.below(2) === 0,
      dropBatch: 1 + chance.below(3),
      moveBatch: 1 + chance.below(3),
    });
  if (chance.below(3)) replica.runtime.turn();
}

test("ends equal on all replicas, whatever overtakes whatever", () => {
  const seed = freshSeed("overtaking histories");
  for (let run = 0; run < 180; run++) {
    const chance = new Chance(seed + run);
    const { all, logs } = withLogs(chance, 2 + chance.below(3));
    const network = new Network(all);
    for (let step = 0; step < 20 + chance.below(60); step++) {
      act(chance, chance.of(all), step);
      for (let deliveries = chance.below(4); deliveries > 0; deliveries--) network.deliver(chance);
      for (const log of logs) if (log.waiting > 0 && chance.below(3) === 0) log.release();
    }
    for (const log of logs) log.releaseAll();
    for (const replica of all) replica.runtime.turn();
    settle(...all);
    assertEqual(all, `SEED=${seed + run}`);
    for (const replica of all) assertDropped(replica, `SEED=${seed + run}`);
  }
});

/** One write to a key as the oracle sees it. */
interface Write {
  readonly stamp: number;
  readonly value: number | undefined;
  /** Writes of the key that its writer had seen. */
  readonly seen: ReadonlySet<Write>;
}

/** What every replica has seen, by full syncs alone: so that all it knows of a write it knows with what came before. */
class Oracle {
  readonly #seen = new Map<Replica, Map<string, Set<Write>>>();

  write(replica: Replica, key: string, value: number | undefined): void {
    const seen = this.#of(replica, key);
    // A key that was set and deleted within a turn leaves nothing, and needs no stamp.
    seen.add({ stamp: replica.stampOf(key) ?? -1, value, seen: new Set(seen) });
  }

  sync(from: Replica, to: Replica): void {
    for (const key of KEYS) for (const write of this.#of(from, key)) this.#of(to, key).add(write);
  }

  /** The writes of a key that no other writer had seen. */
  latest(key: string): Write[] {
    const all = new Set([...this.#seen.values()].flatMap((keys) => [...(keys.get(key) ?? [])]));
    return [...all].filter((write) => ![...all].some(({ seen }) => seen.has(write)));
  }

  #of(replica: Replica, key: string): Set<Write> {
    const keys = this.#seen.get(replica) ?? new Map<string, Set<Write>>();
    this.#seen.set(replica, keys);
    const seen = keys.get(key) ?? new Set();
    keys.set(key, seen);
    return seen;
  }
}

/**
 * What a key may be in the end. Of the writes that nobody superseded the latest wins; a deletion among them takes what
 * is older with it if they meet while its tombstone is held, and may miss it otherwise.
 */
function assertAllowed(latest: readonly Write[], actual: unknown, what: string): void {
  const values = latest.filter(({ value }) => value !== undefined);
  const highest = Math.max(-1, ...latest.map(({ stamp }) => stamp));
  const winners = values.filter(({ stamp }) => stamp === highest).map(({ value }) => value);
  if (winners.length > 0) {
    assert.ok(winners.includes(actual as number), `${what} is ${actual}, not one of ${winners}: lost`);
  } else if (actual !== undefined) {
    const allowed = values.map(({ value }) => value);
    assert.ok(
      allowed.includes(actual as number),
      `${what} is ${actual}, and not one of ${allowed}: it came back`,
    );
  }
}

test("loses nothing and brings nothing back when deliveries are causal", () => {
  const seed = freshSeed("causal histories");
  for (let run = 0; run < 220; run++) {
    const chance = new Chance(seed + run);
    const all = replicas(chance, 2 + chance.below(3));
    const oracle = new Oracle();
    for (let step = 0; step < 15 + chance.below(50); step++) {
      const replica = chance.of(all);
      const { channel } = replica;
      const key = chance.of(KEYS);
      const kind = chance.below(10);
      if (kind < 3) {
        channel.set(key, step);
        oracle.write(replica, key, step);
      } else if (kind < 5) {
        if (channel.delete(key)) oracle.write(replica, key, undefined);
      } else if (kind < 7) channel.maintain({ idle: chance.below(2) === 0, dropBatch: 1 + chance.below(3) });
      else if (kind < 8) replica.runtime.wall += chance.below(4) - 1;
      else {
        replica.runtime.turn();
        const to = chance.of(all.filter((other) => other !== replica));
        const budget = chance.of([1, 20, 100_000]);
        for (const update of replica.diff(to, budget)) assert.is.not(to.receive(update), "gap");
        oracle.sync(replica, to);
      }
      if (chance.below(2)) replica.runtime.turn();
    }
    for (const replica of all) replica.runtime.turn();
    settle(...all);
    assertEqual(all, `SEED=${seed + run}`);
    for (const key of KEYS)
      assertAllowed(oracle.latest(key), all[0]?.channel.get(key), `SEED=${seed + run}, ${key}`);
  }
});

test("ends equal when replicas stop and start again, from whole stores and torn ones", () => {
  const seed = freshSeed("restarts");
  for (let run = 0; run < 80; run++) {
    const chance = new Chance(seed + run);
    const all = replicas(chance, 3);
    const sessions = all.map(({ channel }) => [{ sessionId: channel.sessionId, complete: true }]);
    for (let step = 0; step < 60; step++) {
      const place = chance.below(3);
      const replica = all[place] as Replica;
      act(chance, replica, step);
      if (chance.below(3) === 0) {
        replica.runtime.turn();
        replica.syncTo(chance.of(all.filter((other) => other !== replica)));
      }
      if (chance.below(12) > 0) continue;
      replica.runtime.turn();
      const complete = chance.below(3) > 0;
      const known = sessions[place] as { sessionId: number; complete: boolean }[];
      const last = known.at(-1) as { sessionId: number; complete: boolean };
      last.complete = complete;
      const next = new Replica({
        wall: replica.runtime.wall + chance.below(2),
        storage: storedAs(replica.state(), [...known]),
        cleaning: {
          minIdleDead: 4,
          minSegmentStructs: 8,
          maxSegmentStructs: 8,
          moveBatch: 1 + chance.below(3),
        },
      });
      const hash = replica.channel.contentHash();
      replica.channel.close();
      assert.is(next.channel.contentHash(), hash);
      known.push({ sessionId: next.channel.sessionId, complete: true });
      all[place] = next;
      for (const other of all)
        if (other !== next) next.channel.replication.observeVector(other.channel.replication.vector());
      if (chance.below(2)) next.channel.replication.markSynced();
    }
    for (const replica of all) replica.runtime.turn();
    for (const replica of all) replica.channel.replication.markSynced();
    settle(...all);
    assertEqual(all, `SEED=${seed + run}`);
  }
});

/** Somebody who knows nothing asks `from`, gets so many of the parts, and meets `other`, which deleted what moved. */
function meetBetween(share: number): Record<string, unknown>[] {
  const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8, moveBatch: 2 };
  const from = new Replica({ cleaning, wall: 10 });
  const other = new Replica({ cleaning, wall: 1_000 });
  for (let i = 0; i < 8; i++) from.set(`k${i}`, i);
  from.syncTo(other);
  for (const key of ["k1", "k2", "k3"]) other.delete(key);
  for (let i = 0; i < 12; i++) {
    from.set(`k${4 + (i % 4)}`, i);
    from.sweep({ idle: true });
  }
  const fresh = new Replica({ cleaning, wall: 500 });
  const parts = from.diff(fresh, 40).filter((part) => part[0] !== 0 || share === 1);
  for (const part of parts.slice(0, parts.length * share)) assert.is.not(fresh.receive(part), "gap");
  fresh.syncTo(other);
  other.sweep({ idle: true });
  return settle(from, fresh, other);
}

test("brings a deleted value back if somebody shows half an answer, even if nothing was known there before", () => {
  for (const content of meetBetween(1))
    assert.equal(Object.keys(content).sort(), ["k0", "k4", "k5", "k6", "k7"]);
  assert.ok(meetBetween(0.5).every((content) => "k1" in content || "k2" in content || "k3" in content));
});
