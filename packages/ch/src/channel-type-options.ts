// The options of `create` for every type of channel, documented. Types only; the checks are in channel-types/.
import type { Stored, StoredKey } from "./types.js";

/**
 * A function of the application. Its parameters may be narrower than what is known of them: a script knows the fields of its
 * own keys, also where the channel has no types (a key type that is an interface must be given to the channel).
 */
export type OptionFunction<Parameters extends unknown[], Result = unknown> = {
  call(...parameters: Parameters): Result;
}["call"];

/** Options of a replicated channel: there are none; what the original knows is accepted, and has no effect. */
export type ReplicatedOptions = object;

/** Options of "dummy", which keeps nothing: there are none. */
export type DummyOptions = { readonly [option: string]: never };

/** Options of "ops": functions by name. `set(name, value, …, x)` calls one with (value, x), `get(name, x)` with ({}, x). */
export type OpsOptions = { readonly [name: string]: (value: never, x: never) => unknown };

/** Options of "cache", which computes what is missing or too old, and keeps it for a while. */
export interface CacheOptions<Key = unknown, Value = unknown> {
  /** Computes the value of a key map. A result that is no object is kept as `{ result }`. */
  readonly func: OptionFunction<[key: StoredKey<Key>], Value>;
  /** How long a value is good, in milliseconds. Default 5,000. */
  readonly ttl?: number | undefined;
  /** How many entries are kept; -1, the default: as many as come. */
  readonly size?: number | undefined;
  /** Which entry goes first when there are too many: the oldest ("t", default), or the one asked for least ("p"). */
  readonly method?: "t" | "p" | undefined;
  /** Returned when `func` throws, and not kept. Default: what it throws is thrown on. */
  readonly default?: unknown;
  /** The channel that keeps the entries, by name or handle. Default: one of its own, `<name>::__cache`. */
  readonly ch?: string | { getName(): string | undefined } | undefined;
}

/** Options of "buffer", which collects writes for another channel. One of the two limits must be on. */
export interface BufferOptions {
  /** The channel that gets the entries. */
  readonly bufferCh: string;
  /** Key fields of the values: entries are handed over by one `setAll` instead of one `set` each. */
  readonly bufferIdxs?: readonly string[] | undefined;
  /** Hands over when so many entries wait; below 0: off. Default 100. */
  readonly bufferByNumber?: number | undefined;
  /** Hands over so many milliseconds after the first entry came; below 0: off. Default 2,500. */
  readonly bufferByTime?: number | undefined;
  /** Asked at every write, with the name of the channel of waiting entries: true hands over. */
  readonly bufferFunc?: OptionFunction<[temporary: string]> | undefined;
  /** The channel of waiting entries, created when missing. Default `<name>::__bufferStorage`. */
  readonly bufferTmpCh?: string | undefined;
  /** Told why a handing over failed; the entries wait on. Default: an "error" event. */
  readonly errorFn?: OptionFunction<[error: unknown]> | undefined;
}

/** An operation as the function of a proxy sees it. */
export type ProxyOperation =
  | "size"
  | "forEach"
  | "getAll"
  | "getKeys"
  | "getSortedKeys"
  | "getSet"
  | "set"
  | "setAll"
  | "unsetAll"
  | "get"
  | "pop"
  | "shift"
  | "unset";

/** A call on a proxy, which its function may change. */
export interface ProxyCall {
  readonly op: ProxyOperation;
  /** The channel that is to carry it out. */
  name: string;
  /** Of forEach. */
  function?: unknown;
  /** Of getKeys, getSortedKeys and getAll. */
  full?: unknown;
  /** Of getSet. */
  match?: unknown;
  /** The key map; for setAll and unsetAll the field names. */
  k?: unknown;
  /** The value; for setAll and unsetAll the rows. */
  v?: unknown;
  /** A forced time, in milliseconds. */
  timestamp?: number | undefined;
  /** The extra argument of the call. */
  x?: unknown;
}

/** Options of "proxy", whose function sees every operation before it goes on to another channel. */
export interface ProxyOptions {
  /** The channel the operations go on to. */
  readonly chTarget: string;
  /** May change the call, or return what its caller gets instead of carrying it out. */
  readonly proxyFunc?: OptionFunction<[call: ProxyCall]> | undefined;
}

/** An operation as the functions of "all" see it. */
export type AllOperation =
  | "size"
  | "get"
  | "foreach"
  | "getall"
  | "getkeys"
  | "getsortedkeys"
  | "getset"
  | "set"
  | "setall"
  | "unsetall"
  | "unset";

/** Options of "all", which is several channels together. */
export interface AllOptions<Key = unknown, Value = unknown> {
  /** The names of the channels. */
  readonly chs: readonly string[];
  /** Which of them an operation is for: a name, names, or nothing for all of them. */
  readonly fn?:
    | OptionFunction<
        [op: AllOperation, key: unknown, value: unknown],
        string | readonly string[] | undefined | null
      >
    | undefined;
  /** The key to use with the channels, for a key map. */
  readonly fnTrans?: OptionFunction<[key: StoredKey<Key>]> | undefined;
  /** What to make of the keys of all channels together. */
  readonly fnKeys?: OptionFunction<[keys: StoredKey<Key>[]], readonly unknown[]> | undefined;
  /** What to make of the values, or returns, of all channels together. */
  readonly fnValues?:
    | OptionFunction<[values: (Stored<Key, Value> | undefined)[]], readonly unknown[]>
    | undefined;
  /** `size` is the sum instead of the first answer, and the rows of setAll and unsetAll go one by one. Default false. */
  readonly treatAll?: boolean | undefined;
  /** Told when a channel fails, which is then left out. Default: its error is thrown on. */
  readonly errFn?:
    | OptionFunction<
        [name: string, error: unknown, target: string, op: AllOperation, args: readonly unknown[]]
      >
    | undefined;
}

/** The types that `create` knows, with their options. */
export interface ChannelTypes<Key = unknown, Value = unknown> {
  simple: ReplicatedOptions;
  big: ReplicatedOptions;
  memory: ReplicatedOptions;
  dummy: DummyOptions;
  cache: CacheOptions<Key, Value>;
  buffer: BufferOptions;
  proxy: ProxyOptions;
  ops: OpsOptions;
  all: AllOptions<Key, Value>;
}

/** The argument for the options of a type: it may be left out where no option is required. */
export type OptionsArgument<Options> =
  Record<never, never> extends Options ? [options?: Options] : [options: Options];
