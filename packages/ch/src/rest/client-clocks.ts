// How far the clocks of OpenAF clients are from ours, so that a write gets the time it was made at by our clock. Originals
// know nothing of each other's clocks: without this, a fast one would win over everybody. Knows no requests.

/** So many samples of a client count. */
const SAMPLES = 32;
/**
 * Offsets up to this are no wrong clock but the way here: the client's own time stays, the same at all its peers. Times
 * that are read from an original are taken with the same tolerance: what it tells and what is read of it must agree.
 */
export const TOLERATED_CLOCK_MS = 250;
/** A client whose clock was ahead, and suddenly is not by more than this, has had it set right. */
const STEP_MS = 600_000;
/** So many clients are remembered, those heard of last. */
const MAX_CLIENTS = 1_000;

/** The clocks of the clients of one channel. */
export class ClientClocks {
  /** What arrival minus the client's time was, the latest last. */
  readonly #samples = new Map<string, number[]>();

  /** Clients that are remembered at the moment. */
  get size(): number {
    return this.#samples.size;
  }

  /**
   * The time of a write by our clock, in whole milliseconds from 1 on: what the client says, unless its clock is off by
   * more than is tolerated. The smallest difference between arrival and the time sent is taken for the offset of its clock: all
   * others were longer on their way.
   * @param client its address @param sentMs the time it sent @param arrivalMs the time here when it came
   */
  timeOf(client: string, sentMs: number, arrivalMs: number): number {
    const offset = this.#offset(client, Math.round(arrivalMs) - sentMs);
    return Math.max(1, Math.abs(offset) > TOLERATED_CLOCK_MS ? sentMs + offset : sentMs);
  }

  #offset(client: string, sample: number): number {
    const known = this.#samples.get(client) ?? [];
    const before = Math.min(...known);
    // Samples of the clock as it was would date the next writes back, and they would lose.
    const samples =
      before < 0 && sample - before > STEP_MS ? [sample] : [...known.slice(1 - SAMPLES), sample];
    this.#samples.delete(client);
    this.#samples.set(client, samples);
    if (this.#samples.size > MAX_CLIENTS) this.#forgetOldest();
    return Math.min(...samples);
  }

  #forgetOldest(): void {
    const [oldest] = this.#samples.keys();
    if (oldest !== undefined) this.#samples.delete(oldest);
  }
}
