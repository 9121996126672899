// The states of one depth that are still to be expanded, as rows in large blocks: a queue without an object for each.
import type { Row } from "./canonical.js";

const BLOCK_WORDS = 1 << 20;

/** Rows of numbers in the order in which they were added, each with the index of its state. */
export class Frontier {
  readonly #blocks: Int32Array[] = [];
  #used = BLOCK_WORDS;

  /** Adds the row of the state with that index. */
  push(row: Row, index: number): void {
    const length = row.length + 2;
    if (this.#used + length > BLOCK_WORDS) {
      this.#blocks.push(new Int32Array(BLOCK_WORDS));
      this.#used = 0;
    }
    const block = this.#blocks.at(-1) as Int32Array;
    block[this.#used] = length;
    block[this.#used + 1] = index;
    for (let word = 0; word < row.length; word++) block[this.#used + 2 + word] = row.words[word] as number;
    this.#used += length;
  }

  /** Calls `use` with each row (its place in a block) and its index until that returns false; frees what was used. */
  drain(use: (words: Int32Array, offset: number, index: number) => boolean): void {
    for (let number = 0; number < this.#blocks.length; number++) {
      const block = this.#blocks[number] as Int32Array;
      const length = () => block[offset] as number;
      let offset = 0;
      for (; offset < BLOCK_WORDS && length() > 0; offset += length()) {
        if (!use(block, offset + 2, block[offset + 1] as number)) return;
      }
      this.#blocks[number] = new Int32Array(0);
    }
  }
}
