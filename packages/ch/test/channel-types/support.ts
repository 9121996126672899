// What the tests of virtual types share: registries on a clock that stands still until it is told to go on.
import { type Runtime, systemRuntime } from "@chorus/core";
import { type Ch, type ChannelHandle, type ChEvents, createCh } from "../../src/index.js";
import type { Cleanup } from "../support.js";

/** A runtime whose clock and timers stand still until `advance`. */
export interface ManualRuntime extends Runtime {
  /** Lets so many milliseconds pass, and runs what is due by then. */
  advance(ms: number): void;
  /** How many timers wait that keep a process alive. */
  readonly timers: number;
}

export function manualRuntime(): ManualRuntime {
  let now = 1_000_000;
  const waiting = new Set<{ at: number; task: () => void; background: boolean }>();
  return {
    ...systemRuntime,
    now: () => now,
    elapsed: () => now,
    after: (delayMs, task, options) => {
      const timer = { at: now + delayMs, task, background: options?.background ?? false };
      waiting.add(timer);
      return { cancel: () => void waiting.delete(timer) };
    },
    advance: (ms) => {
      now += ms;
      for (const timer of [...waiting].sort((one, other) => one.at - other.at)) {
        if (timer.at > now || !waiting.delete(timer)) continue;
        timer.task();
      }
    },
    get timers() {
      return [...waiting].filter(({ background }) => !background).length;
    },
  };
}

export interface Registry {
  readonly $ch: Ch;
  readonly runtime: ManualRuntime;
  readonly errors: ChEvents["error"][];
}

/** A registry on a clock of its own. */
export function registry(t: Cleanup): Registry {
  const runtime = manualRuntime();
  const $ch = createCh({ runtime });
  t.after(() => $ch.close());
  const errors: ChEvents["error"][] = [];
  $ch.on("error", (event) => errors.push(event));
  return { $ch, runtime, errors };
}

/** A handle without the types of `create`, as a script has it. */
export function loose(handle: ChannelHandle): { create(...call: unknown[]): ChannelHandle } {
  return handle as unknown as { create(...call: unknown[]): ChannelHandle };
}

/** Whatever subscribers of a channel are told from now on: operation, key and value. */
export function toldBy(handle: ChannelHandle): unknown[][] {
  const told: unknown[][] = [];
  handle.subscribe((...[, op, key, value]) => void told.push([op, key, value]), true);
  return told;
}
