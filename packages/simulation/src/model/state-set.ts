// The states seen so far: a 64-bit hash of each and the state it was first reached from, in flat arrays that take
// about 30 bytes a state. It must keep the order of insertion: an index names a state.
import type { Row } from "./canonical.js";

const INITIAL_CAPACITY = 1 << 16;

/**
 * A set of rows by their hashes. Two rows with one 64-bit hash would count as one; at 10 million states the chance that
 * this happens anywhere in a search is about 3 in a million.
 */
export class StateSet {
  #capacity = INITIAL_CAPACITY;
  #slots = new Int32Array(INITIAL_CAPACITY * 2).fill(-1);
  #low = new Int32Array(INITIAL_CAPACITY);
  #high = new Int32Array(INITIAL_CAPACITY);
  #parents = new Int32Array(INITIAL_CAPACITY);
  #size = 0;

  /** The number of states. */
  get size(): number {
    return this.#size;
  }

  /** Adds a row, with the index of the state that led to it (-1 for the first). False if it was there. */
  add(row: Row, parent: number): boolean {
    const low = hashOf(row, 0x9e3779b1);
    const high = hashOf(row, 0x85ebca6b);
    const slot = this.#find(low, high);
    if (this.#slots[slot] !== -1) return false;
    this.#slots[slot] = this.#size;
    this.#low[this.#size] = low;
    this.#high[this.#size] = high;
    this.#parents[this.#size] = parent;
    this.#size++;
    if (this.#size === this.#capacity) this.#grow();
    return true;
  }

  /** The index of the state that `index` was first reached from, -1 for the first state. */
  parentOf(index: number): number {
    return this.#parents[index] as number;
  }

  /** Whether the row is the state of that index. */
  isAt(row: Row, index: number): boolean {
    return hashOf(row, 0x9e3779b1) === this.#low[index] && hashOf(row, 0x85ebca6b) === this.#high[index];
  }

  #find(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index === -1 || (this.#low[index] === low && this.#high[index] === high)) return slot;
    }
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#low = larger(this.#low, this.#capacity);
    this.#high = larger(this.#high, this.#capacity);
    this.#parents = larger(this.#parents, this.#capacity);
    this.#slots = new Int32Array(this.#capacity * 2).fill(-1);
    for (let index = 0; index < this.#size; index++) {
      this.#slots[this.#find(this.#low[index] as number, this.#high[index] as number)] = index;
    }
  }
}

function larger(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(capacity);
  copy.set(array);
  return copy;
}

/** 32 bits in the manner of MurmurHash3: two of them with different seeds make the 64. */
function hashOf(row: Row, seed: number): number {
  let hash = seed ^ row.length;
  for (let index = 0; index < row.length; index++) {
    let word = Math.imul(row.words[index] as number, 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash = Math.imul(hash ^ (hash >>> 16), seed | 1);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
