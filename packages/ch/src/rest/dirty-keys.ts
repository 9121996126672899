// The keys that an original still has to get, in the order of their last write. Never values: what is sent is what is
// there when it is sent, so a key that was written a hundred times is sent once.

export class DirtyKeys {
  /** Key to the number of its last write, ascending. */
  readonly #sendable = new Map<string, number>();
  /** The same for keys that wait for a second look at what the original holds. */
  readonly #held = new Map<string, number>();
  /** The same for keys that the original could not take, and only these: nobody waits for them. */
  readonly #aside = new Map<string, number>();
  #writes = 0;

  get size(): number {
    return this.#sendable.size + this.#held.size + this.#aside.size;
  }

  /** How many writes there were so far. */
  get writes(): number {
    return this.#writes;
  }

  get hasSendable(): boolean {
    return this.#sendable.size > 0;
  }

  /** The keys to send, the one written longest ago first; but those that were postponed come last. */
  sendable(): IterableIterator<string> {
    return this.#sendable.keys();
  }

  /** The keys that wait for a second look. */
  held(): IterableIterator<string> {
    return this.#held.keys();
  }

  /** The number of the key's last write; undefined when there is nothing to send. */
  of(key: string): number | undefined {
    return this.#sendable.get(key) ?? this.#held.get(key) ?? this.#aside.get(key);
  }

  /** A write: the key goes to the end, also one that is held. */
  written(key: string): void {
    this.remove(key);
    this.#sendable.set(key, ++this.#writes);
  }

  /** The original lacks what is here; a key that waits already keeps its place, one that was set aside stays there. */
  owed(key: string): void {
    if (this.#aside.has(key)) return;
    const held = this.#held.get(key);
    this.#held.delete(key);
    if (!this.#sendable.has(key)) this.#sendable.set(key, held ?? this.#writes);
  }

  /** Not to be sent before it is owed or written again. */
  hold(key: string): void {
    const write = this.#sendable.get(key) ?? this.#aside.get(key);
    if (write === undefined) return;
    this.remove(key);
    this.#held.set(key, write);
  }

  /** To be sent after all others, also when it was set aside; but not when it waits for a second look. */
  postpone(key: string): void {
    const write = this.#sendable.get(key) ?? this.#aside.get(key);
    if (write === undefined) return;
    this.remove(key);
    this.#sendable.set(key, write);
  }

  /** Not to be sent before it is postponed or written again. */
  setAside(key: string): void {
    const write = this.#sendable.get(key);
    if (write === undefined) return;
    this.remove(key);
    this.#aside.set(key, write);
  }

  /** @param upTo only if the last write was not after this one */
  remove(key: string, upTo = Number.POSITIVE_INFINITY): void {
    if ((this.of(key) ?? 0) > upTo) return;
    this.#sendable.delete(key);
    this.#held.delete(key);
    this.#aside.delete(key);
  }

  clear(): void {
    this.#sendable.clear();
    this.#held.clear();
    this.#aside.clear();
  }

  /** Whether all writes up to this number have been sent or replaced, but for what was set aside. */
  isDone(upTo: number): boolean {
    for (const writes of [this.#sendable, this.#held]) {
      for (const write of writes.values()) if (write <= upTo) return false;
    }
    return true;
  }
}
