// The methods of `$ch(name)` that read and write data, documented in data-methods.ts. Each looks the channel up again. They
// translate arguments and returns; what they do is up to the channel's data, which its type decides.
import { OptionError } from "@chorus/core";
import type { ChannelData } from "./channel-data.js";
import { watchRejection } from "./errors.js";
import type { DataMethods } from "./data-methods.js";
import type { Match, Stored, StoredKey } from "./types.js";

/** The data methods of a handle, of whatever channel it finds. */
export abstract class DataHandle<Key, Value> implements DataMethods<Key, Value> {
  /** @throws ChorusError no-channel */
  protected abstract get data(): ChannelData;

  /** Reports what a function of the application threw, or rejected with, where its caller is not told. */
  protected abstract functionFailed(what: string, error: unknown): void;

  size(): number {
    return this.data.size;
  }

  set(key: Key, value: Value, timestamp?: number, uuid?: string, x?: unknown): StoredKey<Key> | undefined {
    return this.data.set(key, value, { timestamp, uuid, x }) as StoredKey<Key> | undefined;
  }

  push(key: Key, value: Value): this {
    watchRejection(this.data.set(key, value, {}), (error) =>
      this.functionFailed("a function of the channel", error),
    );
    return this;
  }

  setAll(
    keyNames: readonly string[],
    rows: readonly Value[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void {
    this.data.setRows(keyNames, rows, { timestamp, uuid, x });
  }

  unsetAll(
    keyNames: readonly string[],
    rows: readonly object[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void {
    this.data.unsetRows(keyNames, rows, { timestamp, uuid, x });
  }

  get(key: Key | StoredKey<Key>, x?: unknown): Stored<Key, Value> | undefined {
    return this.data.get(key, x) as Stored<Key, Value> | undefined;
  }

  getSet(
    match: Match<Key, Value>,
    key: Key,
    value: Value,
    ...[timestamp, uuid, x]: [timestamp?: number, uuid?: string, x?: unknown]
  ): StoredKey<Key> | undefined {
    return this.data.setMatching([match, key, value], { timestamp, uuid, x }) as StoredKey<Key> | undefined;
  }

  unset(key: Key | StoredKey<Key>, timestamp?: number, uuid?: string, x?: unknown): this {
    this.data.unset(key, { timestamp, uuid, x });
    return this;
  }

  pop(): Stored<Key, Value> | undefined {
    return this.data.take("last") as Stored<Key, Value> | undefined;
  }

  shift(): Stored<Key, Value> | undefined {
    return this.data.take("first") as Stored<Key, Value> | undefined;
  }

  getAll(x?: unknown): Stored<Key, Value>[] {
    return this.data.values(x) as Stored<Key, Value>[];
  }

  getKeys(full?: boolean, x?: unknown): StoredKey<Key>[] {
    return this.data.keys(full, x) as StoredKey<Key>[];
  }

  getSortedKeys(full?: boolean, x?: unknown): StoredKey<Key>[] {
    return this.data.sortedKeys(full, x) as StoredKey<Key>[];
  }

  forEach(visit: (key: StoredKey<Key>, value: Stored<Key, Value>) => unknown): this {
    const { data } = this;
    if (typeof visit !== "function") throw new OptionError("visit", visit, "a function");
    const failed = (error: unknown): void => this.functionFailed("a forEach function", error);
    data.forEach((key, value) => {
      try {
        watchRejection(visit(key as StoredKey<Key>, value as Stored<Key, Value>), failed);
      } catch (error) {
        failed(error);
      }
    });
    return this;
  }
}
