// Writes one file again and again, one write at a time: what is asked for meanwhile is one next write. There is one
// writer for a path in this process, and it outlives the channel until what that asked for is written.
import { ChorusError, type Runtime } from "@chorus/core";
import { fileFailure, replaceFile } from "./row-file.js";
import type { SlicedText } from "./sliced-text.js";
import { TURN_MS } from "./turns.js";

/** A write that is to come. */
export interface FileWrite {
  /** The text of the file, which nobody else may begin to make. */
  readonly text: SlicedText;
  /** Told once it is written, or why it is not; must not throw. */
  readonly done: (failure: ChorusError | undefined) => void;
}

/** Making texts may take one part in this many of the time; the rest belongs to everybody else in this process. */
const IDLE_PARTS = 9;

/** The writers that somebody has claimed, or that have something to write; by path. */
const writers = new Map<string, FileWriter>();

/** The one writer of a path in this process. */
export class FileWriter {
  readonly #path: string;
  readonly #runtime: Runtime;
  #isClaimed = false;
  #next: FileWrite | undefined;
  /** What is being made, or on its way into the file. */
  #current: FileWrite | undefined;
  /** What the last owner left to be written. */
  #last: FileWrite | undefined;
  #isRunning = false;
  #asked = 0;
  #waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #hurry: () => void = () => undefined;

  /** The writer of a path, for one owner until that releases it. @throws as `assertFree` */
  static claim(path: string, runtime: Runtime): FileWriter {
    FileWriter.assertFree(path);
    const writer = writers.get(path) ?? new FileWriter(path, runtime);
    writer.#isClaimed = true;
    writers.set(path, writer);
    return writer;
  }

  /** @throws ChorusError file-failed when somebody has claimed the path */
  static assertFree(path: string): void {
    const writer = writers.get(path);
    if (writer === undefined || !writer.#isClaimed) return;
    throw new ChorusError("file-failed", `${path} is kept by another channel of this process`);
  }

  private constructor(path: string, runtime: Runtime) {
    this.#path = path;
    this.#runtime = runtime;
  }

  /** What the last owner of a path has left and is not in the file yet. Whoever reads the file reads this instead. */
  static lastWords(path: string): string | undefined {
    const writer = writers.get(path);
    return writer === undefined ? undefined : writer.#last?.text.text;
  }

  /** Writes soon; in place of a write that was asked for and has not begun. */
  request(write: FileWrite): void {
    this.#next = write;
    this.#last = undefined;
    this.#asked++;
    if (!this.#isRunning) void this.#run();
  }

  /** The owner goes. What it has asked for is still written, and made now, while it can be. */
  release(): void {
    this.#last = this.#next ?? this.#current;
    try {
      this.#last?.text.run();
    } catch {
      // Reported when its turn to be written comes.
    }
    this.#isClaimed = false;
    this.#hurry();
    this.#forget();
  }

  /** Resolves when everything asked for until now is in the file, or has failed and was reported. */
  whenWritten(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    this.#hurry();
    return new Promise((resolve) => this.#waiters.push({ upTo: this.#asked, resolve }));
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What is written in this turn belongs to one write.
    await this.#nextTurn();
    while (this.#next) {
      const upTo = this.#asked;
      const busyMs = await this.#write(this.#next);
      const done = this.#waiters.filter((waiter) => waiter.upTo <= upTo);
      this.#waiters = this.#waiters.filter((waiter) => waiter.upTo > upTo);
      for (const { resolve } of done) resolve();
      if (this.#next && this.#waiters.length === 0) await this.#pause(busyMs * IDLE_PARTS);
    }
    this.#isRunning = false;
    this.#last = undefined;
    this.#forget();
  }

  /** Never rejects. @returns how long this process was busy with the text */
  async #write(write: FileWrite): Promise<number> {
    this.#next = undefined;
    this.#current = write;
    const { text, done } = write;
    let busyMs = 0;
    try {
      for (let isMade = false; !isMade; ) {
        const began = this.#runtime.elapsed();
        isMade = text.run(() => this.#runtime.elapsed() >= began + TURN_MS);
        busyMs += this.#runtime.elapsed() - began;
        if (!isMade) await this.#nextTurn();
      }
      await replaceFile(this.#path, text.text ?? "");
      done(undefined);
    } catch (error) {
      done(fileFailure(`${this.#path} was not written and is as it was before`, error));
    }
    this.#current = undefined;
    return busyMs;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#runtime.later(resolve));
  }

  #pause(pauseMs: number): Promise<void> {
    if (pauseMs < 1) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#runtime.after(Math.ceil(pauseMs), resolve);
      this.#hurry = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #forget(): void {
    if (!this.#isClaimed && !this.#isRunning) writers.delete(this.#path);
  }
}
