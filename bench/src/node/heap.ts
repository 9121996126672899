// The heap of this process without garbage. Must be asked between measurements only: V8 throws away compiled code with
// what it collects by force.
import { nextTurn, pause } from "../wait.js";

/** What waits for a moment's rest has run after this. */
const REST_MS = 500;

/** Bytes in use after all garbage is collected. @throws Error without --expose-gc */
export async function heapUsed(): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("start the process with --expose-gc");
  await pause(REST_MS);
  // Twice: what a finalizer or a weak reference held goes with the second.
  gc();
  await nextTurn();
  gc();
  return process.memoryUsage().heapUsed;
}
