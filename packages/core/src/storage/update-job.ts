// An update on its way into the log: what the writer is handed, and all that is to be remembered of it.
import type { WriteJob, WriteOwner } from "./group-writer.js";
import type { WriteOperation } from "./store-database.js";

export class UpdateJob implements WriteJob {
  readonly owner: WriteOwner;
  readonly bytes: number;
  /** Holds no bytes of the update: it outlives the job when that is forgotten. */
  readonly stored: () => void;
  readonly #operation: WriteOperation;

  constructor(owner: WriteOwner, record: { key: string; value: Uint8Array }, stored: () => void) {
    this.owner = owner;
    this.bytes = record.value.length;
    this.stored = stored;
    this.#operation = { type: "put", ...record };
  }

  operations(): readonly WriteOperation[] {
    return [this.#operation];
  }
}

/**
 * Writes what has changed of the metadata, though there is no update. Synced whatever the level: who has lost a session
 * with the power would take itself for a copy when peers know of it.
 */
export function metadataJob(owner: WriteOwner): WriteJob {
  return { owner, bytes: 0, sync: true, operations: () => [], stored: () => undefined };
}
