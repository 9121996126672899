// Virtual time: one queue of events for the whole world, ordered by time and then by insertion.
// It never looks at the real clock and never lets an exception of an event get lost.

/** Runs once at its time unless it was cancelled. */
interface QueuedEvent {
  readonly atMs: number;
  readonly order: number;
  task: (() => void) | undefined;
}

/** Takes an event back; does nothing once it ran. */
export type Cancel = () => void;

export class Scheduler {
  /** Virtual milliseconds since the run began. */
  nowMs = 0;
  /** How many events ran; for tests. */
  eventsRun = 0;
  #order = 0;
  readonly #heap: QueuedEvent[] = [];
  /** Tasks for the end of the current event: they run before any other event. */
  #endOfTurn: (() => void)[] = [];

  /** Runs `task` at `nowMs + delayMs`; of events of one time the earlier queued runs first. */
  after(delayMs: number, task: () => void): Cancel {
    const event: QueuedEvent = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#push(event);
    return () => {
      event.task = undefined;
    };
  }

  /** Runs `task` when the current event is over, before any other event. */
  soon(task: () => void): void {
    this.#endOfTurn.push(task);
  }

  /** Runs `task` now as an event of its own, with all it leaves for the end of its turn. */
  turn(task: () => void): void {
    task();
    this.#finishTurn();
  }

  /** Runs everything due until then, and sets the clock to it. */
  runFor(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (let event = this.#heap[0]; event && event.atMs <= untilMs; event = this.#heap[0]) {
      this.#pop();
      if (!event.task) continue;
      this.nowMs = event.atMs;
      this.eventsRun++;
      event.task();
      this.#finishTurn();
    }
    this.nowMs = untilMs;
  }

  #finishTurn(): void {
    // Tasks may queue more tasks for the same turn; the loop sees them, as a microtask queue would.
    for (let i = 0; i < this.#endOfTurn.length; i++) (this.#endOfTurn[i] as () => void)();
    if (this.#endOfTurn.length > 0) this.#endOfTurn = [];
  }

  #push(event: QueuedEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as QueuedEvent;
      if (!isBefore(event, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as QueuedEvent;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const right = heap[childIndex + 1];
      if (right && isBefore(right, heap[childIndex] as QueuedEvent)) childIndex++;
      const child = heap[childIndex] as QueuedEvent;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
