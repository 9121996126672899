// The type "all": several channels together. Functions of the application say which of them an operation is for and what to
// make of their answers. It keeps nothing.
import { OptionError } from "@chorus/core";
import type { CallDetails, Entry, EntryData } from "../channel-data.js";
import type { AllOperation } from "../channel-type-options.js";
import { listenerFailure, watchRejection } from "../errors.js";
import { pickKey } from "../wrapping.js";
import { entriesOf } from "./entries-of.js";
import type { Kind, KindContext, MatchingCall } from "./kind.js";
import { type AnyFunction, OptionReader } from "./option-reader.js";

interface AllSettings {
  readonly targets: readonly string[];
  readonly choose: AnyFunction | undefined;
  readonly translate: AnyFunction | undefined;
  readonly filterKeys: AnyFunction | undefined;
  readonly filterValues: AnyFunction | undefined;
  readonly treatAll: boolean;
  readonly onFailure: AnyFunction | undefined;
}

/** @throws OptionError */
export function createAll(context: KindContext, options: unknown): Kind {
  const names = ["chs", "fn", "fnTrans", "fnKeys", "fnValues", "treatAll", "errFn"];
  const reader = new OptionReader("all", options, names);
  return new Together(context, {
    targets: reader.otherChannels("chs", context.name),
    choose: reader.optionalFunction("fn"),
    translate: reader.optionalFunction("fnTrans"),
    filterKeys: reader.optionalFunction("fnKeys"),
    filterValues: reader.optionalFunction("fnValues"),
    treatAll: reader.flag("treatAll"),
    onFailure: reader.optionalFunction("errFn"),
  });
}

/** One call: the operation, and what `fn` and `errFn` are told of it. */
interface Asked {
  readonly op: AllOperation;
  readonly key?: unknown;
  readonly value?: unknown;
  readonly args: readonly unknown[];
}

class Together implements Kind {
  readonly #context: KindContext;
  readonly #settings: AllSettings;

  constructor(context: KindContext, settings: AllSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  get size(): number {
    const sizes = this.#each({ op: "size", args: [] }, ({ size }) => size);
    return this.#settings.treatAll ? sizes.reduce((sum, size) => sum + size, 0) : (sizes[0] ?? 0);
  }

  get(key: object, x?: unknown): unknown {
    const target = this.#translated(key);
    const values = this.#each({ op: "get", key, args: [key, x] }, (data) => data.get(target, x));
    return this.#filteredValues(values).find((value) => value !== undefined);
  }

  set(key: object, value: unknown, details: CallDetails): unknown {
    const target = this.#translated(key);
    const asked = { op: "set" as const, key, value, args: [key, value, details.timestamp, details.x] };
    return this.#filteredValues(this.#each(asked, (data) => data.set(target, value, details)));
  }

  setMatching([match, key, value]: MatchingCall, details: CallDetails): unknown {
    const target = this.#translated(key);
    const args = [match, key, value, details.timestamp, details.x];
    const results = this.#each({ op: "getset", key, value, args }, (data) =>
      data.setMatching([match, target, value], details),
    );
    return this.#filteredValues(results);
  }

  unset(key: object, details: CallDetails): void {
    const target = this.#translated(key);
    const args = [key, details.timestamp, details.x];
    this.#each({ op: "unset", key, args }, (data) => data.unset(target, details));
  }

  setRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void {
    if (this.#settings.treatAll) {
      for (const row of rows) this.set(pickKey(row, fields), row, details);
      return;
    }
    const args = [fields, rows, details.timestamp, details.x];
    const asked = { op: "setall" as const, key: fields, value: rows, args };
    this.#each(asked, (data) => data.setRows(fields, rows, details));
  }

  unsetRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void {
    if (this.#settings.treatAll) {
      for (const row of rows) this.unset(pickKey(row, fields), details);
      return;
    }
    const args = [fields, rows, details.timestamp, details.x];
    const asked = { op: "unsetall" as const, key: fields, value: rows, args };
    this.#each(asked, (data) => data.unsetRows(fields, rows, details));
  }

  takeEntry(end: "first" | "last"): Entry | undefined {
    const key = this.sortedKeys().at(end === "first" ? 0 : -1);
    if (key === undefined) return undefined;
    const value = this.get(key as object);
    this.unset(key as object, {});
    return { key, value };
  }

  keys(full?: unknown, x?: unknown): unknown[] {
    const keys = this.#each({ op: "getkeys", args: [full, x] }, (data) => data.keys(full, x));
    return this.#filtered("filterKeys", keys.flat());
  }

  sortedKeys(full?: unknown, x?: unknown): unknown[] {
    const keys = this.#each({ op: "getsortedkeys", args: [full, x] }, (data) => data.sortedKeys(full, x));
    return this.#filtered("filterKeys", keys.flat());
  }

  values(x?: unknown): unknown[] {
    const values = this.#each({ op: "getall", args: [x] }, (data) => data.values(x));
    return this.#filteredValues(values.flat());
  }

  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    const entries = this.#each({ op: "foreach", args: [visit] }, entriesOf);
    for (const [key, value] of entries.flat()) visit(key, value);
  }

  /** The answers of the channels an operation is for, without those that failed. */
  #each<Result>(asked: Asked, task: (data: EntryData) => Result): Result[] {
    const { onFailure } = this.#settings;
    const { forward, outside, name } = this.#context;
    const results: Result[] = [];
    for (const target of this.#targets(asked)) {
      try {
        results.push(forward(target, task));
      } catch (error) {
        if (!onFailure) throw error;
        this.#watch(outside(() => onFailure(name, error, target, asked.op, asked.args)));
      }
    }
    return results;
  }

  #targets({ op, key, value }: Asked): readonly string[] {
    const { choose, targets } = this.#settings;
    const chosen = choose && this.#context.outside(() => choose(op, key, value));
    if (chosen === undefined || chosen === null) return targets;
    this.#watch(chosen);
    const names: unknown[] = Array.isArray(chosen) ? chosen : [chosen];
    if (names.every((name) => typeof name === "string")) return names;
    throw new OptionError(
      'what fn of the type "all" returns',
      chosen,
      "a name or names of channels, or nothing",
    );
  }

  #translated(key: object): unknown {
    const { translate } = this.#settings;
    if (!translate) return key;
    const translated = this.#context.outside(() => translate(key));
    this.#watch(translated);
    return translated;
  }

  #filteredValues(values: unknown[]): unknown[] {
    return this.#filtered("filterValues", values);
  }

  #filtered(filter: "filterKeys" | "filterValues", list: unknown[]): unknown[] {
    const call = this.#settings[filter];
    if (!call) return list;
    const left = this.#context.outside(() => call(list));
    if (Array.isArray(left)) return left;
    this.#watch(left);
    const name = filter === "filterKeys" ? "fnKeys" : "fnValues";
    throw new OptionError(`what ${name} of the type "all" returns`, left, "an array");
  }

  /** Functions answer at once: a promise is refused as any wrong answer, and what it rejects with is an "error" event. */
  #watch(answer: unknown): void {
    const { failed } = this.#context;
    watchRejection(answer, (error) => failed(listenerFailure('a function of the type "all"', error)));
  }
}
