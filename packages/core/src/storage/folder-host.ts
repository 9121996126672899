// What the folder of a channel is given: the channel's log as its host, and what was read. It does nothing.
import type { StoredChannel } from "./channel-storage.js";
import type { GroupWriter, WriteOwner } from "./group-writer.js";
import type { KeyRange, StoreDatabase } from "./store-database.js";
import type { ChannelKeys } from "./store-keys.js";
import type { StoreSettings } from "./store-options.js";

/** The new snapshot that counts from now on. */
export interface Switch {
  readonly generation: number;
  readonly slices: number;
  readonly firstNumber: number;
  readonly seenStamp: number;
  /** Earlier sessions of which the snapshot has nothing left. */
  readonly goneSessions: ReadonlySet<number>;
}

/** The log of the channel that is folded. */
export interface FolderHost extends WriteOwner {
  /** Undefined before it was started. */
  readonly channel: StoredChannel | undefined;
  /** The number of the next update. */
  readonly nextNumber: number;
  /**
   * The sessions of which all is here: one that has nothing left is gone for good. Of a torn one more may come from a
   * peer, and must be known as ours then.
   */
  readonly completeSessions: readonly number[];
  /** Ranges that nothing refers to at the beginning of a session. */
  leftovers(): readonly KeyRange[];
  /** Changes the metadata. */
  switchTo(change: Switch): void;
}

/** What the folder works with. */
export interface FolderOptions {
  readonly host: FolderHost;
  readonly keys: ChannelKeys;
  readonly writer: GroupWriter;
  readonly database: StoreDatabase;
  readonly settings: StoreSettings;
  /** What was read: the last snapshot, the log since, and whether something was damaged. */
  readonly loaded: {
    readonly generation: number;
    readonly snapshotBytes: number;
    readonly log: LogSize;
    readonly isDamaged: boolean;
  };
}

/** What was written to a log. */
export interface LogSize {
  readonly bytes: number;
  readonly records: number;
}
