// A worker thread of the simulate command: runs the seeds it is sent, and sends back what came of them. It
// prints nothing and keeps nothing between seeds.
import { parentPort } from "node:worker_threads";
import type { FaultName } from "./faults.js";
import { simulate } from "./simulate.js";

/** Seeds `firstSeed` to `lastSeed`, both included. */
export interface SeedBatch {
  firstSeed: number;
  lastSeed: number;
  steps: number;
  fault?: FaultName;
  profile?: string;
}

async function work({ firstSeed, lastSeed, ...options }: SeedBatch): Promise<void> {
  for (let seed = firstSeed; seed <= lastSeed; seed++)
    parentPort?.postMessage(await simulate({ ...options, seed }));
  parentPort?.postMessage(undefined);
}

// A failure in it must end the thread, and so the command.
parentPort?.on("message", (batch: SeedBatch) => void work(batch));
