// Long work in short turns. No data here.
import type { Runtime } from "@chorus/core";

/** So long work goes on before input and output get their turn again, in milliseconds. */
export const TURN_MS = 8;

/** A function to be called from time to time: it ends the turn, by `pause`, when that has been long. */
export function breathing(runtime: Runtime, pause: () => Promise<void>): () => Promise<void> {
  let end = 0;
  return async () => {
    if (runtime.elapsed() < end) return;
    await pause();
    end = runtime.elapsed() + TURN_MS;
  };
}
