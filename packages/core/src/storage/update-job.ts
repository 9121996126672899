// An update on its way into the log, or a part of one: what the writer is handed, and all that is to be remembered of it.
import type { WriteJob, WriteOwner } from "./group-writer.js";
import type { WriteOperation } from "./store-database.js";

/** A record of the log. */
export interface UpdateRecord {
  /** About so many. */
  readonly bytes: number;
  /** It is one of many: see `WriteJob.isPart`. */
  readonly isPart: boolean;
  /** Called when it is written, at every attempt. */
  readonly make: () => { readonly key: string; readonly value: Uint8Array };
}

export class UpdateJob implements WriteJob {
  readonly owner: WriteOwner;
  readonly bytes: number;
  readonly isPart: boolean;
  /** Holds no bytes of the update: it outlives the job when that is forgotten. */
  readonly stored: () => void;
  readonly #record: UpdateRecord;

  constructor(owner: WriteOwner, record: UpdateRecord, stored: () => void) {
    this.owner = owner;
    this.bytes = record.bytes;
    this.isPart = record.isPart;
    this.stored = stored;
    this.#record = record;
  }

  operations(): readonly WriteOperation[] {
    return [{ type: "put", ...this.#record.make() }];
  }
}

/**
 * Writes what has changed of the metadata, though there is no update. Synced whatever the level: who has lost a session
 * with the power would take itself for a copy when peers know of it.
 */
export function metadataJob(owner: WriteOwner): WriteJob {
  return { owner, bytes: 0, sync: true, operations: () => [], stored: () => undefined };
}
