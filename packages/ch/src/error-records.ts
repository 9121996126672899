// What subscribers threw, as entries of the channel `__ch::errors`. It must never fail itself, nor record failures of those
// who subscribe to that channel: that would go on for ever. For those who do so in a roundabout way there is a rate.
import type { ChorusError, Runtime } from "@chorus/core";
import type { ChannelData } from "./channel-data.js";
import type { Operation } from "./types.js";

/** The channel of the records. */
export const ERRORS_CHANNEL = "__ch::errors";

/** So many records are kept. */
const MAX_RECORDS = 1_000;

/** So many records are made in a second; what more there is, is only counted. */
const MAX_PER_SECOND = 100;

/** So many characters of a text are kept. */
const MAX_MESSAGE = 10_000;

/** A failure of a subscriber. */
export interface SubscriberFailure {
  readonly channel: string;
  /** The subscriber's id. */
  readonly subscriber: string;
  readonly op: Operation;
  readonly error: ChorusError;
}

/** An entry of the channel `__ch::errors`, under the key `{ session, id }`. */
export interface ErrorRecord {
  /** A uuid of the registry, new with every start: so records of several may be in one channel. */
  readonly session: string;
  /** Counts from 1, for each registry. */
  readonly id: number;
  /** How many failures before this one were not recorded, since there were over 100 in a second; absent for none. */
  readonly dropped?: number;
  /** Milliseconds. */
  readonly date: number;
  readonly channel: string;
  /** The subscriber's id. */
  readonly subscriber: string;
  readonly op: Operation;
  readonly code: string;
  readonly message: string;
}

/** What records are made with. */
export interface ErrorRecordsParts {
  /** Gives the channel of the records, created when it is missing. */
  readonly open: () => ChannelData;
  readonly runtime: Pick<Runtime, "now" | "elapsed">;
  /** Tells the records of this registry from those of others. */
  readonly session: string;
}

/** The records of one registry. */
export class ErrorRecords {
  readonly #parts: ErrorRecordsParts;
  #count = 0;
  #dropped = 0;
  /** When the second that is being counted began, and the records in it. */
  #second = Number.NEGATIVE_INFINITY;
  #inSecond = 0;

  constructor(parts: ErrorRecordsParts) {
    this.#parts = parts;
  }

  /** Records a failure, unless it is one of a subscriber of the records. Never throws. */
  add(failure: SubscriberFailure): void {
    if (failure.channel === ERRORS_CHANNEL) return;
    if (!this.#hasRoom()) {
      this.#dropped++;
      return;
    }
    const { session } = this.#parts;
    const record = this.#record(failure);
    const { id } = record;
    this.#dropped = 0;
    try {
      const data = this.#parts.open();
      data.set({ session, id }, record, {});
      if (id > MAX_RECORDS) data.unset({ session, id: id - MAX_RECORDS }, {});
    } catch {
      // This $ch is being closed, or somebody made that channel one that takes no records. The "error" event has it.
    }
  }

  #hasRoom(): boolean {
    const now = this.#parts.runtime.elapsed();
    if (now - this.#second >= 1_000) {
      this.#second = now;
      this.#inSecond = 0;
    }
    return this.#inSecond++ < MAX_PER_SECOND;
  }

  #record({ channel, subscriber, op, error: { code, message } }: SubscriberFailure): ErrorRecord {
    const dropped = this.#dropped;
    return {
      session: this.#parts.session,
      id: ++this.#count,
      date: this.#parts.runtime.now(),
      channel,
      subscriber: kept(subscriber),
      op,
      code,
      message: kept(message),
      ...(dropped > 0 ? { dropped } : {}),
    };
  }
}

function kept(text: string): string {
  return text.slice(0, MAX_MESSAGE).toWellFormed();
}
