// The channel of core in which it is kept what is known of one original, beside the channel that this is about, in the
// same store. Two things must never happen. Nothing may be stored before the writes it tells of: a crash would leave an
// older value there that looks later than what the original holds. A store does not promise the order of two channels, so
// what is to be kept is put down, then the other channel is waited for, and only then it is written. And nothing may be
// believed when the other channel may have lost writes: whatever the store finds wrong with one of the two when it is opened
// (damage; or a copy, which a restored backup and a mended store are too), all is dropped, and the original is met for the
// first time. What was deleted there meanwhile may come back then, but nothing is deleted or overwritten for a wrong reason.
import type { Channel, JsonValue } from "@chorus/core";
import { breathing } from "../turns.js";
import type { KnownRow, KnownRows } from "./known-rows.js";
import {
  chunkKey,
  chunkPrefix,
  HEAD_KEY,
  headValue,
  keyOfRow,
  type MemoryHead,
  readChunk,
  readHead,
  readOwnRow,
  rowKey,
  rowValue,
} from "./original-records.js";

/** What is kept beside the rows. */
export type MemoryState = Pick<MemoryHead, "isComplete" | "counter">;

export interface MemoryChannelOptions {
  /** Where it is kept. */
  readonly memory: Channel;
  /** What it is about. */
  readonly channel: Channel;
  readonly known: KnownRows;
}

/** Rows of their own before all goes into new chunks, at least, and as a part of all: they make loading slow. */
const MIN_OWN_ROWS = 2_000;
const OWN_ROWS_SHARE = 10;
/** What is written in one turn, and roughly characters of a chunk. */
const ROWS_PER_TURN = 500;
const MAX_CHUNK_CHARACTERS = 200_000;

export class MemoryChannel {
  readonly #options: MemoryChannelOptions;
  #generation: number;
  #chunks = 0;
  #ownRows = 0;
  /** What is there does not count, or not all of it is there. */
  #needsChunks = false;
  #storedHead = "";

  constructor(options: MemoryChannelOptions) {
    this.#options = options;
    this.#generation = options.memory.runtime.newId();
  }

  /**
   * Gives the rows what was kept. @param isDoubtful the store has found something wrong with the other channel
   * @returns the state that was kept; undefined for a first contact
   */
  async load(isDoubtful: () => boolean): Promise<MemoryState | undefined> {
    const { memory, known } = this.#options;
    let isDamaged = false;
    const stop = memory.on("error", () => {
      isDamaged = true;
    });
    // What the store has found is told after the turn.
    await this.#pause();
    stop();
    const kept = isDamaged || isDoubtful() ? undefined : await this.#read().catch(() => undefined);
    if (!kept) {
      this.#needsChunks = memory.size > 0;
      memory.delete(HEAD_KEY);
      return undefined;
    }
    const breathe = breathing(memory.runtime, () => this.#pause());
    for (const [key, row] of kept.rows) {
      await breathe();
      known.restore(key, row);
    }
    if (kept.head.isComplete) known.restoreComplete();
    return kept.head;
  }

  /** Whether this state is not the one that is kept. */
  isChanged(state: MemoryState): boolean {
    return this.#headText(state) !== this.#storedHead;
  }

  /**
   * Keeps the rows of these keys, and takes the keys off the set. Resolves when they are stored.
   * @throws (rejects) ChorusError store-full, store-failed, channel-closed: then it is to be tried again
   */
  async keep(changed: Set<string>, state: MemoryState): Promise<void> {
    const { memory, known } = this.#options;
    // The head must not stand before the rows of an attempt that failed.
    await memory.whenDurable();
    const most = Math.max(MIN_OWN_ROWS, known.size / OWN_ROWS_SHARE);
    if (this.#needsChunks || this.#ownRows + changed.size > most) {
      changed.clear();
      await this.#keepAll(state);
    } else {
      await this.#keepChanged(changed, state);
    }
  }

  /** Removes everything. Where that fails, what is left counts for nothing. */
  async clear(): Promise<void> {
    this.#options.memory.delete(HEAD_KEY);
    await this.#remove(() => true);
  }

  /** @throws Error for what is damaged */
  async #read(): Promise<{ head: MemoryHead; rows: Map<string, KnownRow> } | undefined> {
    const { memory } = this.#options;
    const head = readHead(memory.get(HEAD_KEY));
    if (!head) return undefined;
    const rows = new Map<string, KnownRow>();
    const breathe = breathing(memory.runtime, () => this.#pause());
    for (let i = 0; i < head.chunks; i++) {
      await breathe();
      for (const [key, row] of readChunk(memory.get(chunkKey(head.generation, i)))) rows.set(key, row);
    }
    let ownRows = 0;
    for (const stored of memory.keys("any")) {
      const key = keyOfRow(stored);
      if (key === undefined) continue;
      await breathe();
      ownRows++;
      const row = readOwnRow(memory.get(stored), head.generation);
      if (row) rows.set(key, row);
    }
    this.#generation = head.generation;
    this.#chunks = head.chunks;
    this.#ownRows = ownRows;
    this.#storedHead = this.#headText(head);
    return { head, rows };
  }

  async #keepChanged(changed: Set<string>, state: MemoryState): Promise<void> {
    const keys = [...changed];
    for (let i = 0; i < keys.length; i += ROWS_PER_TURN) {
      if (i > 0) await this.#pause();
      await this.#keepSome(keys.slice(i, i + ROWS_PER_TURN), changed);
    }
    await this.#finish(state);
  }

  async #keepSome(keys: readonly string[], changed: Set<string>): Promise<void> {
    const { memory, channel, known } = this.#options;
    const rows = keys.flatMap((key): [string, JsonValue][] => {
      const stored = rowKey(key);
      return stored === undefined ? [] : [[stored, rowValue(this.#generation, known.rowOf(key))]];
    });
    for (const key of keys) changed.delete(key);
    try {
      await channel.whenDurable();
      this.#ownRows += memory.update(rows);
    } catch (error) {
      for (const key of keys) changed.add(key);
      throw error;
    }
  }

  /** Into new chunks. Until all of them are there, what was there before counts. */
  async #keepAll(state: MemoryState): Promise<void> {
    const { memory, known } = this.#options;
    this.#needsChunks = true;
    const generation = memory.runtime.newId();
    let chunks = 0;
    let rows: JsonValue[][] = [];
    let characters = 0;
    for (const key of [...known.allKeys()]) {
      const row = known.rowOf(key);
      rows.push(rowValue(key, row));
      characters += key.length + 20 * (2 + row.past.length + row.heard.length);
      if (rows.length < ROWS_PER_TURN && characters < MAX_CHUNK_CHARACTERS) continue;
      await this.#writeChunk(chunkKey(generation, chunks++), rows);
      rows = [];
      characters = 0;
    }
    if (rows.length > 0) await this.#writeChunk(chunkKey(generation, chunks++), rows);
    this.#generation = generation;
    this.#chunks = chunks;
    await this.#finish(state);
    this.#needsChunks = false;
    this.#ownRows = 0;
    await this.#remove((key) => key !== HEAD_KEY && !key.startsWith(chunkPrefix(generation)));
  }

  async #writeChunk(key: string, rows: JsonValue[][]): Promise<void> {
    const { memory, channel } = this.#options;
    await channel.whenDurable();
    memory.set(key, rows);
    await this.#pause();
  }

  /** The head comes last: what it says of the rows is so when it is stored. */
  async #finish(state: MemoryState): Promise<void> {
    const { memory, channel } = this.#options;
    await channel.whenDurable();
    const text = this.#headText(state);
    if (text !== this.#storedHead) memory.set(HEAD_KEY, headValue(this.#head(state)));
    this.#storedHead = text;
    await memory.whenDurable();
  }

  async #remove(isMeant: (key: string) => boolean): Promise<void> {
    const { memory } = this.#options;
    const keys = [...memory.keys("any")].filter(isMeant);
    for (let i = 0; i < keys.length; i += ROWS_PER_TURN) {
      memory.update(keys.slice(i, i + ROWS_PER_TURN).map((key) => [key, undefined] as const));
      await this.#pause();
    }
  }

  #head({ isComplete, counter }: MemoryState): MemoryHead {
    return { generation: this.#generation, chunks: this.#chunks, isComplete, counter };
  }

  #headText(state: MemoryState): string {
    return JSON.stringify(this.#head(state));
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.memory.runtime.later(resolve));
  }
}
