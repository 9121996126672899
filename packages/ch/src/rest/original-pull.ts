// One look at an original: nothing to do while it says that nothing has changed, otherwise everything is read and
// compared. It keeps what is remembered from one look to the next; when to look is the link's matter.

import { breathing } from "../turns.js";
import type { DirtyKeys } from "./dirty-keys.js";
import type { KnownRows } from "./known-rows.js";
import { OriginalClock, RestartWatch } from "./original-clock.js";
import { type CompareOptions, compare } from "./original-compare.js";
import type { OriginalEndpoint, ReplyState } from "./original-endpoint.js";
import { type Contents, readContents } from "./original-reading.js";

export interface PullOptions extends Pick<CompareOptions, "channel" | "writer" | "uuid" | "pause"> {
  readonly endpoint: OriginalEndpoint;
  readonly known: KnownRows;
  readonly dirty: DirtyKeys;
  /** Told of keys or rows that cannot be stored here. */
  readonly onUnusable: (count: number) => void;
  /** While true, what is written here is written by this link. */
  readonly taking: (isTaking: boolean) => void;
}

export class OriginalPull {
  readonly clock = new OriginalClock();
  readonly #restarts = new RestartWatch();
  /** Something changed here that was not sent at once, or not everything was compared. */
  #isDue = true;
  #pulls = 0;
  #rowsRead = 0;
  /** Version at the last pull. */
  #lastVersion: number | undefined;
  /** Version of which everything was compared, and it was older than that comparison: several changes may have one. */
  #settledVersion: number | undefined;
  readonly #touched = new Set<string>();

  /** See RestartWatch: to be kept over restarts of ours. */
  get settledCounter(): number | undefined {
    return this.#restarts.settledCounter;
  }

  restore(settledCounter: number | undefined): void {
    this.#restarts.restore(settledCounter);
  }

  /** Every good reply. */
  noted(state: ReplyState, wasUnsetAll: boolean, elapsedMs: number): void {
    this.#restarts.noted(state, wasUnsetAll, elapsedMs);
  }

  /** A request came to nothing. */
  failed(): void {
    this.#restarts.failed();
    this.#isDue = true;
  }

  /** Whether an unsetAll is understood: it takes one off a counter whose -1 means "refused". */
  get canUnsetAll(): boolean {
    return (this.#restarts.counter ?? 0) >= LEAST_COUNTER;
  }

  /** The next pull compares, whatever the original says of itself. */
  due(): void {
    this.#isDue = true;
  }

  /** An original wrote this key here, or tried to. */
  touched(key: string): void {
    this.#touched.add(key);
    this.#isDue = true;
  }

  /** Rows that the last pull read; 0 when nothing had changed. */
  get rowsRead(): number {
    return this.#rowsRead;
  }

  /** @throws OriginalFailure; ChorusError store-full, store-failed, channel-closed from writing here */
  async run(options: PullOptions): Promise<void> {
    const { channel, dirty, endpoint, known } = options;
    const beganMs = channel.runtime.now();
    const writesBefore = dirty.writes;
    this.#touched.clear();
    this.#rowsRead = 0;
    const { version } = await endpoint.size();
    if (this.#isUnchanged(version, known)) return;
    this.#isDue = false;
    try {
      const breathe = breathing(channel.runtime, options.pause);
      const contents = await readContents({ endpoint, turn: this.#pulls++, breathe });
      this.#rowsRead = contents.rows.size;
      const timeMs = this.clock.toOurs(contents.version, beganMs);
      await options.pause();
      const isComplete = await this.#compare(options, { contents, timeMs, writesBefore });
      this.#compared({ version, contents, isComplete: isComplete && !known.hasSuspects });
    } catch (error) {
      this.#isDue = true;
      throw error;
    }
  }

  async #compare(
    options: PullOptions,
    read: Pick<CompareOptions, "contents" | "timeMs" | "writesBefore">,
  ): Promise<boolean> {
    const { known, onUnusable } = options;
    const isRestarted = this.#isRestarted(known, read.contents);
    const writer = guarded(options);
    const touched = this.#touched;
    const { unusable, isComplete } = await compare({ ...options, ...read, writer, touched, isRestarted });
    // Not before all was compared: a failure on the way must not make absences count.
    this.#restarts.settle();
    if (unusable > 0) onUnusable(unusable);
    if (!isComplete) this.#isDue = true;
    return isComplete;
  }

  #isUnchanged(version: number, known: KnownRows): boolean {
    const isQuiet = !this.#isDue && known.isComplete && !known.hasSuspects;
    return isQuiet && version === this.#settledVersion && !this.#restarts.isSuspected(NOTHING);
  }

  #compared({
    version,
    contents,
    isComplete,
  }: {
    version: number;
    contents: Contents;
    isComplete: boolean;
  }): void {
    const isOld = version === this.#lastVersion && contents.isSameVersion && contents.version === version;
    this.#settledVersion = isComplete && isOld ? version : undefined;
    this.#lastVersion = version;
  }

  #isRestarted(known: KnownRows, { rows, skipped }: Contents): boolean {
    let missing = 0;
    for (const key of known.keys()) if (!rows.has(key) && !skipped.has(key)) missing++;
    return this.#restarts.isSuspected({ known: known.size, missing });
  }
}

/** Room for the unsetAll of others at the same time. */
const LEAST_COUNTER = 16;
const NOTHING = { known: 0, missing: 0 };

/** What is written while comparing is known to come from there. */
function guarded({ writer, taking }: PullOptions): CompareOptions["writer"] {
  const asTaken = (write: () => unknown): void => {
    taking(true);
    try {
      write();
    } finally {
      taking(false);
    }
  };
  return {
    set: (key, value, details) => asTaken(() => writer.set(key, value, details)),
    unset: (key, details) => asTaken(() => writer.unset(key, details)),
    setRows: (fields, rows, details) => asTaken(() => writer.setRows(fields, rows, details)),
    unsetRows: (fields, rows, details) => asTaken(() => writer.unsetRows(fields, rows, details)),
  };
}
