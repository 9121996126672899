// The type "buffer": writes wait in a channel of their own and go on to another one together. What could not be handed over
// waits on; nothing is dropped. Reads see what waits over what is there already.
import { ChorusError, OptionError, type Timer } from "@chorus/core";
import type { CallDetails, Entry, EntryData } from "../channel-data.js";
import { listenerFailure, watchRejection } from "../errors.js";
import { keyText, wrapKey } from "../keys.js";
import { pickKey } from "../wrapping.js";
import { type BufferSettings, bufferSettings } from "./buffer-settings.js";
import { entriesOf, type KeyAndValue } from "./entries-of.js";
import { handOver } from "./hand-over.js";
import type { Kind, KindContext, MatchingCall } from "./kind.js";

/** @throws OptionError; ChorusError as `create` */
export function createBuffer(context: KindContext, options: unknown): Kind {
  const settings = bufferSettings(context.name, options);
  return new BufferedWrites(context, settings, context.create(settings.temporary, "simple"));
}

class BufferedWrites implements Kind {
  readonly #context: KindContext;
  readonly #settings: BufferSettings;
  /** The temporary channel was created for this, and ends with it. */
  readonly #ownsTemporary: boolean;
  /** The times that were forced, by key. */
  readonly #times = new Map<unknown, number>();
  #timer: Timer | undefined;
  #flushing = false;
  #closed = false;

  constructor(context: KindContext, settings: BufferSettings, ownsTemporary: boolean) {
    this.#context = context;
    this.#settings = settings;
    this.#ownsTemporary = ownsTemporary;
    // A data folder may have kept some that waited.
    if (this.#waiting(({ size }) => size) > 0) this.#arm({ background: false });
  }

  get size(): number {
    const isNew = (data: EntryData, key: unknown): boolean => data.get(key) === undefined;
    const waiting = this.#waiting((data) => data.keys());
    return this.#target((data) => data.size + waiting.filter((key) => isNew(data, key)).length);
  }

  get(key: object, x?: unknown): unknown {
    const waiting = this.#waiting((data) => data.get(key));
    return waiting === undefined ? this.#target((data) => data.get(key, x)) : waiting;
  }

  set(key: object, value: unknown, { timestamp }: CallDetails): unknown {
    const written = this.#waiting((data) => data.set(key, value, { timestamp }));
    if (written === undefined) return undefined;
    this.#written([key], timestamp);
    return key;
  }

  /** In the target, which has all that waits for this key by then. */
  setMatching([match, key, value]: MatchingCall, details: CallDetails): unknown {
    if (this.#waiting((data) => data.get(key)) !== undefined) this.flush();
    return this.#target((data) => data.setMatching([match, key, value], details));
  }

  unset(key: object, details: CallDetails): void {
    this.#waiting((data) => data.unset(key, details));
    this.#target((data) => data.unset(key, details));
  }

  setRows(fields: readonly string[], rows: readonly object[], { timestamp }: CallDetails): void {
    this.#waiting((data) => data.setRows(fields, rows, { timestamp }));
    this.#written(
      rows.map((row) => pickKey(row, fields)),
      timestamp,
    );
  }

  unsetRows(fields: readonly string[], rows: readonly object[], details: CallDetails): void {
    this.#waiting((data) => data.unsetRows(fields, rows, details));
    this.#target((data) => data.unsetRows(fields, rows, details));
  }

  takeEntry(end: "first" | "last"): Entry | undefined {
    if (end === "first") return this.#takeFirst() ?? this.#waiting((data) => data.takeEntry("first"));
    const entry = this.#waiting((data) => data.takeEntry("last"));
    if (!entry) return this.#target((data) => data.takeEntry("last"));
    this.#target((data) => data.unset(entry.key, {}));
    return entry;
  }

  keys(full?: unknown, x?: unknown): unknown[] {
    const waiting = this.#waiting((data) => data.keys(full, x));
    return [
      ...without(
        waiting,
        this.#target((data) => data.keys(full, x)),
      ),
      ...waiting,
    ];
  }

  sortedKeys(full?: unknown, x?: unknown): unknown[] {
    const waiting = this.#waiting((data) => data.sortedKeys(full, x));
    return [
      ...without(
        waiting,
        this.#target((data) => data.sortedKeys(full, x)),
      ),
      ...waiting,
    ];
  }

  values(x?: unknown): unknown[] {
    if (this.#waiting(({ size }) => size) === 0) return this.#target((data) => data.values(x));
    return this.#entries().map(([, value]) => value);
  }

  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    for (const [key, value] of this.#entries()) visit(key, value);
  }

  flush(): void {
    if (this.#flushing) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flushing = true;
    let failure: { readonly error: unknown } | undefined;
    try {
      failure = this.#handOver();
    } catch (error) {
      failure = { error };
    }
    this.#flushing = false;
    if (!failure) return;
    // It may fail for ever, which must not keep a process alive.
    this.#arm({ background: true });
    this.#failed(failure.error);
  }

  close(): void {
    this.#closed = true;
    this.flush();
    if (this.#ownsTemporary) this.#context.destroy(this.#settings.temporary);
  }

  #handOver(): { readonly error: unknown } | undefined {
    const { fields } = this.#settings;
    const entries = this.#waiting(entriesOf).map(([key, value]) => {
      return { key, value, timestamp: this.#times.get(identityOf(key)) };
    });
    return handOver(entries, {
      fields,
      target: (task) => this.#target(task),
      done: (keys) => {
        this.#waiting((data) => {
          for (const key of keys) data.unset(key, {});
        });
        for (const key of keys) this.#times.delete(identityOf(key));
      },
    });
  }

  /** The entry of the target that was modified first and is not overwritten by one that waits. */
  #takeFirst(): Entry | undefined {
    for (;;) {
      const entry = this.#target((data) => data.takeEntry("first"));
      if (!entry || this.#waiting((data) => data.get(entry.key)) === undefined) return entry;
    }
  }

  /** Notes writes, and hands over when it is time. */
  #written(keys: readonly object[], timestamp: number | undefined): void {
    for (const key of keys) {
      if (timestamp === undefined) this.#times.delete(keyText(key));
      else this.#times.set(keyText(key), timestamp);
    }
    const { byNumber } = this.#settings;
    const isFull = byNumber >= 0 && this.#waiting(({ size }) => size) >= byNumber;
    if (isFull || this.#isDue()) this.flush();
    else this.#arm({ background: false });
  }

  #isDue(): boolean {
    const { isDue, temporary } = this.#settings;
    if (!isDue) return false;
    try {
      const answer = this.#context.outside(() => isDue(temporary));
      watchRejection(answer, (error) => this.#failed(error));
      return !(answer instanceof Promise) && Boolean(answer);
    } catch (error) {
      // The entry waits: its write was no failure.
      this.#failed(error);
      return false;
    }
  }

  #arm(options: { background: boolean }): void {
    const { byTimeMs } = this.#settings;
    if (this.#closed || byTimeMs < 0) return;
    this.#timer ??= this.#context.runtime.after(byTimeMs, () => this.flush(), options);
  }

  #failed(error: unknown): void {
    const { onFailure } = this.#settings;
    if (!onFailure) {
      const hasCode = error instanceof ChorusError || error instanceof OptionError;
      this.#context.failed(hasCode ? error : listenerFailure("the channel behind a buffer", error));
      return;
    }
    const { failed, outside } = this.#context;
    const failedToo = (failure: unknown): void => failed(listenerFailure("errorFn of a buffer", failure));
    try {
      watchRejection(
        outside(() => onFailure(error)),
        failedToo,
      );
    } catch (failure) {
      failedToo(failure);
    }
  }

  /** Those of the target that are not overwritten, then those that wait. */
  #entries(): KeyAndValue[] {
    const waiting = this.#waiting(entriesOf);
    const hidden = new Set(waiting.map(([key]) => identityOf(key)));
    return [...this.#target(entriesOf).filter(([key]) => !hidden.has(identityOf(key))), ...waiting];
  }

  #waiting<Result>(task: (data: EntryData) => Result): Result {
    return this.#context.forward(this.#settings.temporary, task);
  }

  #target<Result>(task: (data: EntryData) => Result): Result {
    return this.#context.forward(this.#settings.target, task);
  }
}

/** The keys that are none of those that hide them. */
function without(hiding: readonly unknown[], keys: readonly unknown[]): unknown[] {
  const hidden = new Set(hiding.map(identityOf));
  return keys.filter((key) => !hidden.has(identityOf(key)));
}

/** Equal for equal keys. A virtual target may have some that are no JSON: each is equal to itself. */
function identityOf(key: unknown): unknown {
  try {
    return keyText(wrapKey(key));
  } catch {
    return key;
  }
}
