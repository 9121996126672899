// The type "cache": what a function computes for a key is kept in another channel for a while. When it was computed, and
// how often it was asked for, is known here only: an entry that came into that channel otherwise counts as too old.
import { ChorusError } from "@chorus/core";
import type { CallDetails, Entry, EntryData } from "../channel-data.js";
import { keyText, parseKeyText, wrapKey } from "../keys.js";
import { matches } from "../matching.js";
import { MAX_DELAY_MS } from "@chorus/core/internal";
import { pickKey } from "../wrapping.js";
import { entriesOf } from "./entries-of.js";
import type { Kind, KindContext, MatchingCall } from "./kind.js";
import { type AnyFunction, OptionReader } from "./option-reader.js";

const NAMES = ["func", "ttl", "size", "method", "default", "ch"];

interface CacheSettings {
  readonly compute: AnyFunction;
  readonly ttlMs: number;
  /** How many entries are kept; below 0: all. */
  readonly limit: number;
  readonly byUse: boolean;
  readonly otherwise: unknown;
  /** The channel that keeps the entries. */
  readonly storage: string;
  /** It was created for this, and ends with it. */
  readonly ownsStorage: boolean;
}

/** @throws OptionError; ChorusError as `create` */
export function createCache(context: KindContext, options: unknown): Kind {
  const reader = new OptionReader("cache", options, NAMES);
  const method = reader.value("method") ?? "t";
  if (method !== "t" && method !== "p") reader.refuse("method", '"t" or "p"');
  const settings = {
    compute: reader.requiredFunction("func"),
    ttlMs: reader.whole("ttl", { from: 0, to: MAX_DELAY_MS, otherwise: 5_000 }),
    limit: reader.whole("size", { from: -1, to: Number.MAX_SAFE_INTEGER, otherwise: -1 }),
    byUse: method === "p",
    otherwise: reader.value("default"),
  };
  const given = givenStorage(reader, context.name);
  const storage = given ?? `${context.name}::__cache`;
  const ownsStorage = given === undefined && context.create(storage, "memory");
  return new Cache(context, { ...settings, storage, ownsStorage });
}

/** The channel of the option `ch`, which may be a handle. */
function givenStorage(reader: OptionReader, own: string): string | undefined {
  const value = reader.value("ch");
  if (value === undefined) return undefined;
  const { getName } = Object(value) as { getName?: unknown };
  const name: unknown = typeof getName === "function" ? getName.call(value) : value;
  if (typeof name === "string" && name !== "" && name !== own) return name;
  return reader.refuse("ch", "the name or handle of another channel");
}

/** Of one key that is kept. */
interface Known {
  /** Elapsed milliseconds. */
  readonly computedAt: number;
  uses: number;
}

class Cache implements Kind {
  readonly #context: KindContext;
  readonly #settings: CacheSettings;
  /** The keys computed here, the one that was computed longest ago first. */
  readonly #known = new Map<string, Known>();
  #reportedUnkept = false;

  constructor(context: KindContext, settings: CacheSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  get size(): number {
    return this.#stored(({ size }) => size);
  }

  get(key: object): unknown {
    const known = this.#known.get(keyText(key));
    if (known && this.#context.runtime.elapsed() - known.computedAt < this.#settings.ttlMs) {
      const value = this.#stored((data) => data.get(key));
      known.uses++;
      if (value !== undefined) return value;
    }
    return this.#refresh(key);
  }

  /** The value does not matter: it is computed anew. */
  set(key: object): unknown {
    this.#refresh(key);
    return key;
  }

  setMatching([match, key]: MatchingCall): unknown {
    const present = this.get(key);
    return present !== undefined && matches(present, match) ? this.set(key) : undefined;
  }

  unset(key: object, details: CallDetails): void {
    this.#known.delete(keyText(key));
    this.#stored((data) => data.unset(key, details));
  }

  setRows(fields: readonly string[], rows: readonly object[]): void {
    for (const row of rows) this.#refresh(pickKey(row, fields));
  }

  unsetRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void {
    for (const row of rows) this.unset(pickKey(row, fields), details);
  }

  takeEntry(end: "first" | "last"): Entry | undefined {
    const entry = this.#stored((data) => data.takeEntry(end));
    if (entry) this.#known.delete(keyText(wrapKey(entry.key)));
    return entry;
  }

  keys(full?: unknown, x?: unknown): unknown[] {
    return this.#stored((data) => data.keys(full, x));
  }

  sortedKeys(full?: unknown, x?: unknown): unknown[] {
    return this.#stored((data) => data.sortedKeys(full, x));
  }

  values(x?: unknown): unknown[] {
    return this.#stored((data) => data.values(x));
  }

  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    for (const [key, value] of this.#stored(entriesOf)) visit(key, value);
  }

  close(): void {
    const { ownsStorage, storage } = this.#settings;
    if (ownsStorage) this.#context.destroy(storage);
  }

  #stored<Result>(task: (data: EntryData) => Result): Result {
    return this.#context.forward(this.#settings.storage, task);
  }

  /** Computes a value, keeps it if there is room for it, and returns it. */
  #refresh(key: object): unknown {
    const { compute, otherwise } = this.#settings;
    const text = keyText(key);
    let computed: unknown;
    try {
      computed = this.#context.outside(() => compute(key));
    } catch (error) {
      if (otherwise === undefined) throw error;
      return otherwise;
    }
    const isObject = typeof computed === "object" && computed !== null;
    const value = isObject ? computed : { result: computed };
    this.#keep(text, key, value);
    return value;
  }

  #keep(text: string, key: object, value: unknown): void {
    const uses = this.#known.get(text)?.uses ?? 0;
    this.#known.delete(text);
    if (this.#settings.limit === 0) return;
    try {
      this.#stored((data) => {
        if (data.get(key) === undefined) this.#makeRoom(data);
        data.set(key, value, {});
      });
    } catch (error) {
      this.#notKept(error);
      return;
    }
    this.#known.set(text, { computedAt: this.#context.runtime.elapsed(), uses });
  }

  /** What JSON cannot carry is handed out nevertheless; that it will be computed every time is said once. */
  #notKept(error: unknown): void {
    const { code } = error as { code?: unknown };
    if (!(error instanceof ChorusError) || (code !== "invalid-value" && code !== "too-large")) throw error;
    if (!this.#reportedUnkept) this.#context.failed(error);
    this.#reportedUnkept = true;
  }

  #makeRoom(data: EntryData): void {
    const { limit } = this.#settings;
    while (limit > 0 && data.size >= limit) {
      const leaving = this.#leaving();
      if (leaving) {
        this.#known.delete(leaving);
        data.unset(parseKeyText(leaving), {});
      } else if (!data.takeEntry("first")) {
        return;
      }
    }
  }

  /** The key to go first, of those computed here. */
  #leaving(): string | undefined {
    if (!this.#settings.byUse) return this.#known.keys().next().value;
    let least: [string, number] | undefined;
    for (const [text, { uses }] of this.#known) if (!least || uses < least[1]) least = [text, uses];
    return least?.[0];
  }
}
