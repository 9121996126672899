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

parentPort?.on("message", ({ firstSeed, lastSeed, ...options }: SeedBatch) => {
  for (let seed = firstSeed; seed <= lastSeed; seed++)
    parentPort?.postMessage(simulate({ ...options, seed }));
  parentPort?.postMessage(undefined);
});
