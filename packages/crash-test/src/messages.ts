// What a child process and the test say to each other. Types only. The child reports as lines of JSON on a pipe of its
// own, written synchronously: what it has reported survives its SIGKILL. Commands come over IPC.
import type { Announced } from "./history.js";

/** The file descriptor on which a child reports. */
export const REPORT_DESCRIPTOR = 3;

/** What a replica shows: key and id of the write. */
export type Content = readonly (readonly [key: string, id: string])[];

/** What a child reports. */
export type Report =
  /** It runs, and begins to open its store. */
  | { readonly kind: "started" }
  /** The store is open; what it holds, before any peer was met. */
  | { readonly kind: "opened"; readonly replicaId: string; readonly content: Content }
  /** It listens for peers. */
  | { readonly kind: "listening"; readonly port: number }
  /** The link to this port is in sync, with this replica. */
  | { readonly kind: "met"; readonly port: number; readonly replicaId: string }
  /** Every link is in sync. */
  | { readonly kind: "synced" }
  /** It is about to write. `first` is the number of the first write. */
  | {
      readonly kind: "announced";
      readonly first: number;
      readonly earliestMs: number;
      readonly writes: readonly Announced[];
    }
  /** What was announced is made. */
  | { readonly kind: "written"; readonly latestMs: number }
  /** All writes up to this number are durable. */
  | { readonly kind: "acknowledged"; readonly last: number }
  /** A fold of the log into a snapshot begins or has ended. */
  | { readonly kind: "folding"; readonly isRunning: boolean }
  /** An error event, or a promise that was not kept. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "state"; readonly state: ReplicaState }
  /** Its content hash. */
  | { readonly kind: "hash"; readonly contentHash: string }
  /** It no longer writes, and all of it is acknowledged. */
  | { readonly kind: "quiet" }
  | { readonly kind: "closing" }
  | { readonly kind: "closed" };

export interface ReplicaState {
  readonly contentHash: string;
  readonly content: Content;
  /** Of the whole document, where it is known. */
  readonly documentBytes?: number;
  readonly segments?: number;
}

/** What the test tells a child. */
export type Command =
  | { readonly kind: "link"; readonly urls: readonly string[] }
  /** Begin to write. */
  | { readonly kind: "write"; readonly load: Load }
  /** Stop writing, and wait until all is durable. */
  | { readonly kind: "quiet" }
  | { readonly kind: "state" }
  /** Cheap, unlike "state": to be asked again and again. */
  | { readonly kind: "hash" }
  | { readonly kind: "close" };

/** How a child writes. */
export interface Load {
  readonly seed: number;
  readonly writer: string;
  /** The number of its next write. */
  readonly nextNumber: number;
  /** Which keys, and how often each group is taken. */
  readonly groups: readonly KeyGroup[];
  /** The most writes of one go. */
  readonly maxBurst: number;
  /** The longest pause between two goes; with 0 it only lets others have their turn. */
  readonly maxPauseMs: number;
  /** Share of writes that delete, of keys that have a value. */
  readonly deletes: number;
  /** Bytes that make values longer. */
  readonly padBytes: number;
  /** A planted fault: it acknowledges without waiting for the store. */
  readonly acknowledgesEarly: boolean;
}

export interface KeyGroup {
  readonly prefix: string;
  readonly keys: number;
}

/** How a child is started: its one argument, as JSON. */
export interface Setup {
  readonly folder: string;
  readonly level: "sync" | "os";
  /** Announces folds, and folds far earlier than usual. */
  readonly minFoldBytes?: number;
}
