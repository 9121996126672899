// How much of a large answer has come, counted as state vectors count: what the peer is known to have, less what is here.
// A part says where it begins, so the count is always one part behind, until the last has come.
import type { Progress } from "./progress.js";
import type { StateVector } from "./state-vector.js";
import { UpdateReader } from "./update-reader.js";

export class ReceptionProgress {
  readonly #ours: StateVector;
  readonly #theirs: StateVector;
  readonly #done = new Map<number, number>();
  readonly #total: number;
  #count = 0;
  #session: number | undefined;

  /** @param ours what is here; @param theirs what the peer is known to have: all that comes, or a part of it */
  constructor(ours: StateVector, theirs: StateVector) {
    this.#ours = ours;
    this.#theirs = new Map(theirs);
    let total = 0;
    for (const [session, clock] of theirs) total += Math.max(0, clock - (ours.get(session) ?? 0));
    this.#total = total;
  }

  /** A part has come. */
  add(part: Uint8Array): void {
    const reader = new UpdateReader(part);
    if (reader.varUint() === 0) return;
    reader.varUint();
    const session = reader.varUint();
    const clock = reader.varUint();
    if (this.#session !== undefined && this.#session !== session) {
      this.#reached(this.#session, this.#theirs.get(this.#session) ?? 0);
    }
    this.#session = session;
    this.#reached(session, clock);
  }

  /** How far it is. While the peer goes on writing more comes than it was known to have. */
  get now(): Progress {
    // Only the last part makes it complete.
    const total = this.#total === 0 ? undefined : Math.max(this.#total, this.#count + 1);
    return { task: "receive", done: this.#count, total, unit: "changes" };
  }

  /** All has come. */
  get end(): Progress {
    const total = Math.max(this.#total, this.#count);
    return { task: "receive", done: total, total, unit: "changes" };
  }

  #reached(session: number, clock: number): void {
    const before = this.#done.get(session) ?? this.#ours.get(session) ?? 0;
    if (clock <= before) return;
    this.#done.set(session, clock);
    this.#count += clock - before;
  }
}
