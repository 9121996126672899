// What a virtual type is to the rest, and what it gets from it. Types only; a type never sees the registry.
import type { ChorusError, OptionError, Runtime } from "@chorus/core";
import type { CallDetails, Entry, EntryData } from "../channel-data.js";

/**
 * One channel of a virtual type. Its methods are those of ChannelData with keys and values that are wrapped and checked
 * already, and need not tell subscribers. What functions of the application throw is thrown on.
 */
export interface Kind {
  readonly size: number;
  get(key: object, x?: unknown): unknown;
  set(key: object, value: unknown, details: CallDetails): unknown;
  /** @returns undefined, or nothing but undefined in an array, when nothing was written */
  setMatching(call: MatchingCall, details: CallDetails): unknown;
  unset(key: object, details: CallDetails): void;
  setRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void;
  unsetRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void;
  takeEntry(end: "first" | "last"): Entry | undefined;
  keys(full?: unknown, x?: unknown): unknown[];
  sortedKeys(full?: unknown, x?: unknown): unknown[];
  values(x?: unknown): unknown[];
  forEach(visit: (key: unknown, value: unknown) => unknown): void;
  /** Passes on what it holds back. Never throws. */
  flush?(): void;
  /** Ends timers and channels of its own, after a flush. Never throws. */
  close?(): void;
}

/** What `setMatching` is called with: a match that was checked, the key map, the value to write. */
export type MatchingCall = readonly [match: unknown, key: object, value: unknown];

/** What a type gets to work with. */
export interface KindContext {
  /** The channel it is. */
  readonly name: string;
  readonly runtime: Runtime;
  /** Carries out an operation on another channel. @throws ChorusError no-channel, channel-loop */
  forward<Result>(target: string, task: (data: EntryData) => Result): Result;
  /** Calls a function of the application, which may use any channel. */
  outside<Result>(task: () => Result): Result;
  /** Creates a channel when it is missing. @returns whether it was */
  create(name: string, type: "simple" | "memory"): boolean;
  /** Silent for a missing channel. */
  destroy(name: string): void;
  /** Reports what no caller can be told. */
  failed(error: ChorusError | OptionError): void;
}

/** Makes a channel of one type; everything is checked before anything is created. @throws OptionError */
export type KindFactory = (context: KindContext, options: unknown) => Kind;
