// The files that keep a copy of one channel: each is rewritten after changes, by peers too, and once more at its end if
// it is behind. What cannot be written is reported; the channel itself never waits.
import { type Channel, ChorusError } from "@chorus/core";
import { FileWriter } from "./file-writer.js";
import { type KeyNames, rowText } from "./row-keys.js";
import { SlicedText } from "./sliced-text.js";

/** What the copies of one channel are made of. */
export interface FileCopiesOptions {
  readonly channel: Channel;
  readonly onError: (error: ChorusError) => void;
}

/** A file, by the one path that `locateFile` gives. */
export interface CopyTarget {
  readonly path: string;
  readonly names: KeyNames;
}

interface FileCopy extends CopyTarget {
  readonly writer: FileWriter;
  /** The content of the channel as the file has it, or will have it soon; undefined when that failed. */
  hash: string | undefined;
  /** The last write has failed, and that was reported. */
  failed: boolean;
  /** The last text lacked entries, and that was reported. */
  incomplete: boolean;
}

/** The files that keep a copy of one channel. */
export class FileCopies {
  readonly #options: FileCopiesOptions;
  readonly #copies = new Map<string, FileCopy>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: FileCopiesOptions) {
    this.#options = options;
  }

  has(path: string): boolean {
    return [...this.#copies.values()].some((copy) => copy.path === path);
  }

  /**
   * Keeps a copy from now on, under an id; the file is first written at the next change.
   * @throws ChorusError file-failed when another channel keeps one there
   */
  add(id: string, { path, names }: CopyTarget): void {
    const { channel } = this.#options;
    const writer = FileWriter.claim(path, channel.runtime);
    this.#copies.set(id, {
      path,
      names,
      writer,
      hash: channel.contentHash(),
      failed: false,
      incomplete: false,
    });
  }

  /** The channel has changed: writes all files, or the one at `path`, soon. */
  changed(path?: string): void {
    for (const copy of this.#copies.values()) {
      if (path === undefined || copy.path === path) this.#request(copy);
    }
  }

  /** Ends a copy; what is not in the file yet is still written. Silent for an unknown id. */
  end(id: string): void {
    const copy = this.#copies.get(id);
    if (copy === undefined) return;
    this.#copies.delete(id);
    const { writer } = copy;
    const isBehind = copy.hash !== this.#options.channel.contentHash();
    if (isBehind) this.#request(copy);
    writer.release();
    const ending = writer.whenWritten().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Resolves when all changes so far are in their files, or that has failed and was reported. */
  async whenWritten(): Promise<void> {
    const writing = [...this.#copies.values()].map(({ writer }) => writer.whenWritten());
    await Promise.all([...writing, ...this.#ending]);
  }

  /** Ends all copies, while the channel can still be read; resolves as `whenWritten`. */
  close(): Promise<void> {
    for (const id of [...this.#copies.keys()]) this.end(id);
    return this.whenWritten();
  }

  #request(copy: FileCopy): void {
    copy.writer.request({
      text: new SlicedText(this.#stepsOf(copy)),
      done: (failure) => this.#done(copy, failure),
    });
  }

  /** Makes the text of the channel as it is at the first step; it takes as many steps as there are entries. */
  *#stepsOf(copy: FileCopy): Generator<undefined, string> {
    const { channel } = this.#options;
    copy.hash = channel.contentHash();
    const texts: string[] = [];
    const untold: string[] = [];
    for (const [key, value] of channel.entries("stamp")) {
      const text = rowText(key, value, copy.names);
      if (text === undefined) untold.push(key);
      else texts.push(text);
      yield;
    }
    if (untold.length > 0 && !copy.incomplete) this.#reportUntold(copy, untold);
    copy.incomplete = untold.length > 0;
    return `[${texts.join(",")}]`;
  }

  #reportUntold({ path, names }: FileCopy, keys: readonly string[]): void {
    const fields = names === undefined ? "key and value" : names.join(", ");
    const text = `${path} lacks ${keys.length} entries whose values do not tell their key in ${fields}: ${keys[0]}`;
    this.#options.onError(new ChorusError("file-failed", text.slice(0, 1_000)));
  }

  /** One event for a period of failure. */
  #done(copy: FileCopy, failure: ChorusError | undefined): void {
    if (failure && !copy.failed) this.#options.onError(failure);
    copy.failed = failure !== undefined;
    if (failure) copy.hash = undefined;
  }
}
