// One direction of a virtual connection: frames leave the send buffer at some rate, travel for a random time
// and arrive in order. It loses a frame only when it is told to, and never duplicates or reorders any.
import type { Random } from "./random.js";
import type { Cancel, Scheduler } from "./scheduler.js";

/** How the wires behave; a profile chooses it. */
export interface WireConditions {
  /** Shortest and longest time a frame travels, in milliseconds. */
  latencyMs: readonly [number, number];
  /**
   * Each byte fills send buffers like so many: short histories with small frames still reach the engine's
   * real limits of mebibytes. Default 1.
   */
  byteWeight?: number;
}

/** What a pipe carries: a frame, or the close that follows the last one. */
export type Parcel = { frame: Uint8Array } | { closeCode: number; reason: string };

export interface PipeOptions {
  scheduler: Scheduler;
  random: Random;
  conditions: WireConditions;
  /** Called for each parcel at its arrival; it may break the pipe. */
  arrived: (parcel: Parcel) => void;
  /** Called after the send buffer has become smaller. */
  departed: () => void;
}

export class VirtualPipe {
  /** Weighted bytes in the send buffer. */
  bufferedBytes = 0;
  /** Weighted bytes per millisecond that leave the buffer; undefined: at once. */
  #rate: number | undefined;
  #stalled = false;
  #paused = false;
  #broken = false;
  #waiting: Parcel[] = [];
  #travelling: { parcel: Parcel; atMs: number }[] = [];
  #cancelDeparture: Cancel | undefined;
  #cancelArrival: Cancel | undefined;
  readonly #options: PipeOptions;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  send(parcel: Parcel): void {
    if (this.#broken) return;
    this.#waiting.push(parcel);
    this.bufferedBytes += this.#weigh(parcel);
    this.#pump();
  }

  /** A slow reader or a thin wire; undefined ends it. */
  setRate(weightedBytesPerMs: number | undefined): void {
    this.#rate = weightedBytesPerMs;
    this.#cancelDeparture?.();
    this.#cancelDeparture = undefined;
    this.#resume();
  }

  /** While stalled nothing leaves and nothing arrives, and nobody is told. */
  setStalled(stalled: boolean): void {
    this.#stalled = stalled;
    this.#reschedule();
    this.#resume();
  }

  /** The receiver does not want more for now. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#reschedule();
  }

  /** Everything under way is lost. */
  break(): void {
    this.#broken = true;
    this.#waiting = [];
    this.#travelling = [];
    this.bufferedBytes = 0;
    this.#cancelDeparture?.();
    this.#cancelArrival?.();
  }

  /** The wire changed: what can leave now leaves, and the sender hears of it in an event of its own. */
  #resume(): void {
    const before = this.bufferedBytes;
    this.#pump();
    if (this.bufferedBytes < before) this.#options.scheduler.after(0, this.#options.departed);
  }

  #weigh(parcel: Parcel): number {
    return "frame" in parcel ? parcel.frame.length * (this.#options.conditions.byteWeight ?? 1) : 0;
  }

  #pump(): void {
    if (this.#cancelDeparture || this.#stalled) return;
    for (let parcel = this.#waiting[0]; parcel; parcel = this.#waiting[0]) {
      if (this.#rate !== undefined) {
        this.#departLater(this.#weigh(parcel) / this.#rate);
        return;
      }
      this.#depart();
    }
  }

  #departLater(delayMs: number): void {
    this.#cancelDeparture = this.#options.scheduler.after(delayMs, () => {
      this.#cancelDeparture = undefined;
      if (this.#stalled) return;
      this.#depart();
      this.#options.departed();
      this.#pump();
    });
  }

  #depart(): void {
    const parcel = this.#waiting.shift();
    if (!parcel) return;
    this.bufferedBytes -= this.#weigh(parcel);
    const [shortest, longest] = this.#options.conditions.latencyMs;
    const atMs = this.#options.scheduler.nowMs + this.#options.random.between(shortest, longest);
    const last = this.#travelling.at(-1);
    this.#travelling.push({ parcel, atMs: last ? Math.max(last.atMs, atMs) : atMs });
    if (this.#travelling.length === 1) this.#reschedule();
  }

  #reschedule(): void {
    this.#cancelArrival?.();
    this.#cancelArrival = undefined;
    const next = this.#travelling[0];
    if (!next || this.#stalled || this.#paused || this.#broken) return;
    this.#cancelArrival = this.#options.scheduler.after(next.atMs - this.#options.scheduler.nowMs, () => {
      this.#cancelArrival = undefined;
      this.#travelling.shift();
      this.#options.arrived(next.parcel);
      this.#reschedule();
    });
  }
}
