// What the engine needs of its surroundings: time, turns and chance. The simulation passes its own, so that
// whole replicas run on virtual time; nothing else in core may touch a global clock, timer or random source.
import { rand, uint53 } from "lib0/random";

/** A pending call that can be taken back. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Runtime {
  /** Wall clock in milliseconds since 1970. May jump in either direction. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin. */
  elapsed(): number;
  /** Runs `task` at the end of the current turn, before any input or output. */
  soon(task: () => void): void;
  /** Runs `task` in a later turn, after input and output that is already waiting. */
  later(task: () => void): void;
  /**
   * Runs `task` after `delayMs`. A background timer does not keep a Node process alive.
   * `task` must not throw.
   */
  after(delayMs: number, task: () => void, options?: { background?: boolean }): Timer;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** A fresh random 53-bit id; used for sessions, and never the same twice. */
  newId(): number;
}

/** The few globals that every platform of ours has; core compiles without any platform's types. */
declare const globalThis: {
  setTimeout(task: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
  setImmediate?(task: () => void): unknown;
  queueMicrotask(task: () => void): void;
  performance: { now(): number };
};

/** The real clock, timers and randomness of Node or a browser. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  elapsed: () => globalThis.performance.now(),
  soon: (task) => globalThis.queueMicrotask(task),
  later: (task) => {
    if (globalThis.setImmediate) globalThis.setImmediate(task);
    else globalThis.setTimeout(task, 0);
  },
  after: (delayMs, task, options) => {
    const handle = globalThis.setTimeout(task, delayMs);
    // In Node a timer is an object that can let the process end; in a browser it is a number.
    if (options?.background) (handle as { unref?: () => void }).unref?.();
    return { cancel: () => globalThis.clearTimeout(handle) };
  },
  random: () => rand(),
  newId: () => uint53(),
};
