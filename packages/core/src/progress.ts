// How far long work has come, told to whoever listens, a few times a second at most. It never tells of short work, nor of
// two pieces of work of one kind at a time.
import type { Runtime } from "./runtime.js";

/** Long work of a channel. */
export interface Progress {
  /**
   * load: what the store kept is read into memory; receive: what a peer has and this replica lacks is on its way;
   * apply: it is here and becomes visible.
   */
  readonly task: "load" | "receive" | "apply";
  /** Rises from event to event, up to `total`. */
  readonly done: number;
  /** Undefined as long as nobody knows. May rise while the peer goes on writing. */
  readonly total: number | undefined;
  /** changes: writes, and what others made of them, as they are counted in state vectors. */
  readonly unit: "bytes" | "changes";
}

/** The least time between two events of a task, but for the first and the last. */
const PAUSE_MS = 250;

interface Task {
  readonly source: object;
  readonly toldAt: number;
  readonly done: number;
}

export class ProgressReporter {
  readonly #runtime: Runtime;
  readonly #tell: (progress: Progress) => void;
  readonly #tasks = new Map<Progress["task"], Task>();

  constructor(runtime: Runtime, tell: (progress: Progress) => void) {
    this.#runtime = runtime;
    this.#tell = tell;
  }

  /** Work has come so far. @param source who does it: only one of each kind is told of, until it is through or ended */
  report(source: object, progress: Progress): void {
    const { task, done, total } = progress;
    const before = this.#tasks.get(task);
    if (before && before.source !== source) return;
    const now = this.#runtime.elapsed();
    const isLast = done === total;
    if (before && !isLast && (now - before.toldAt < PAUSE_MS || done <= before.done)) return;
    if (isLast) this.#tasks.delete(task);
    else this.#tasks.set(task, { source, toldAt: now, done });
    this.#tell(progress);
  }

  /** The work of this source is over, however far it had come. */
  end(source: object): void {
    for (const [task, { source: other }] of this.#tasks) if (other === source) this.#tasks.delete(task);
  }
}
