// What subscribers threw, as entries of the channel `__ch::errors`. It must never fail itself, nor record failures of those
// who subscribe to that channel: that would go on for ever.
import type { ChorusError } from "@chorus/core";
import type { ChannelData } from "./channel-data.js";
import type { Operation } from "./types.js";

/** The channel of the records. */
export const ERRORS_CHANNEL = "__ch::errors";

/** So many records are kept. */
const MAX_RECORDS = 1_000;

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

/** An entry of the channel `__ch::errors`, under the key `{ id }`. */
export interface ErrorRecord {
  /** Counts from 1, for each registry. */
  readonly id: number;
  /** Milliseconds. */
  readonly date: number;
  readonly channel: string;
  /** The subscriber's id. */
  readonly subscriber: string;
  readonly op: Operation;
  readonly code: string;
  readonly message: string;
}

export class ErrorRecords {
  readonly #open: () => ChannelData;
  readonly #now: () => number;
  #count = 0;

  /** @param open gives the channel of the records, created when it is missing */
  constructor(open: () => ChannelData, now: () => number) {
    this.#open = open;
    this.#now = now;
  }

  add({ channel, subscriber, op, error: { code, message } }: SubscriberFailure): void {
    if (channel === ERRORS_CHANNEL) return;
    const id = ++this.#count;
    const text = message.slice(0, MAX_MESSAGE).toWellFormed();
    const name = subscriber.slice(0, MAX_MESSAGE).toWellFormed();
    const record: ErrorRecord = { id, date: this.#now(), channel, subscriber: name, op, code, message: text };
    try {
      const data = this.#open();
      data.set({ id }, record, {});
      if (id > MAX_RECORDS) data.unset({ id: id - MAX_RECORDS }, {});
    } catch {
      // This $ch is being closed, or somebody made that channel one that takes no records. The "error" event has it.
    }
  }
}
