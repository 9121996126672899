// Runs many seeds on several threads. What comes out does not depend on how many there are.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SeedBatch } from "./batch-worker.js";
import { Counters } from "./counters.js";
import type { FaultName } from "./faults.js";
import type { RunResult } from "./simulate.js";

export interface RunSeedsOptions {
  firstSeed: number;
  seeds: number;
  steps: number;
  fault?: FaultName;
  profile?: string;
  /** Threads; default one for each core. */
  jobs?: number;
  /** Told of each seed that is done, in no particular order. */
  onResult?: (result: RunResult) => void;
}

export interface SeedsResult {
  /** The runs that failed, by seed. */
  failed: RunResult[];
  counters: Counters;
  seedsDone: number;
}

/** So many seeds are given to a thread at once: few enough that all threads end together. */
const BATCH_SEEDS = 20;

/** Rejects when a thread fails: the runs themselves never do. */
export async function runSeeds(options: RunSeedsOptions): Promise<SeedsResult> {
  const result: SeedsResult = { failed: [], counters: new Counters(), seedsDone: 0 };
  const batches = batchesOf(options);
  const jobs = Math.min(options.jobs ?? availableParallelism(), Math.ceil(options.seeds / BATCH_SEEDS));
  const add = (run: RunResult): void => {
    result.seedsDone++;
    result.counters.merge(run.counts);
    if (run.failures.length > 0) result.failed.push(run);
    options.onResult?.(run);
  };
  await Promise.all(Array.from({ length: jobs }, () => workOff(batches, add)));
  result.failed.sort((a, b) => a.seed - b.seed);
  return result;
}

function* batchesOf({ firstSeed, seeds, steps, fault, profile }: RunSeedsOptions): Generator<SeedBatch> {
  const endSeed = firstSeed + seeds;
  for (let first = firstSeed; first < endSeed; first += BATCH_SEEDS) {
    const lastSeed = Math.min(first + BATCH_SEEDS, endSeed) - 1;
    yield { firstSeed: first, lastSeed, steps, ...(fault && { fault }), ...(profile && { profile }) };
  }
}

/** One thread takes batches until none is left. */
function workOff(batches: Generator<SeedBatch>, add: (run: RunResult) => void): Promise<void> {
  const worker = new Worker(new URL("./batch-worker.js", import.meta.url));
  return new Promise<void>((resolve, reject) => {
    const next = (): void => {
      const { value, done } = batches.next();
      if (done) resolve();
      else worker.postMessage(value);
    };
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`a simulation thread ended with ${code}`)));
    worker.on("message", (run: RunResult | undefined) => (run ? add(run) : next()));
    next();
  }).finally(() => worker.terminate());
}
