// How entries that wait in a buffer get to the channel behind it: together where their values tell their keys, otherwise
// one by one. Keeps nothing; an entry is only reported as done when the other channel took it.
import type { EntryData } from "../channel-data.js";
import { keyText, wrapKey } from "../keys.js";
import { tellsKey } from "../wrapping.js";

/** An entry that waits; with the time it was given, if any. */
export interface WaitingEntry {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestamp: number | undefined;
}

/** Where waiting entries go, and who is told. */
export interface HandOverOptions {
  /** The key fields for setAll; undefined: every entry goes on its own. */
  readonly fields: readonly string[] | undefined;
  /** Carries out something on the channel behind. */
  readonly target: (task: (data: EntryData) => void) => void;
  /** These have arrived. */
  readonly done: (keys: readonly unknown[]) => void;
}

/** Hands over what it can, in order. @returns the first failure, if any */
export function handOver(
  entries: readonly WaitingEntry[],
  { fields, target, done }: HandOverOptions,
): { readonly error: unknown } | undefined {
  let failure: { readonly error: unknown } | undefined;
  for (const run of runsOf(entries, fields)) {
    const [{ key, value, timestamp }] = run;
    const rows = run.map((entry) => entry.value);
    const together = fields !== undefined && isRow(run[0], fields);
    try {
      if (together) target((data) => data.setRows(fields, rows, { timestamp }));
      else target((data) => data.set(key, value, { timestamp }));
      done(run.map((entry) => entry.key));
    } catch (error) {
      failure ??= { error };
    }
  }
  return failure;
}

type Run = [WaitingEntry, ...WaitingEntry[]];

/** Entries that can go in one call: rows that tell their key, of the same time. */
function runsOf(entries: readonly WaitingEntry[], fields: readonly string[] | undefined): Run[] {
  const runs: Run[] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    const joins =
      fields !== undefined &&
      last?.[0].timestamp === entry.timestamp &&
      isRow(entry, fields) &&
      last !== undefined &&
      isRow(last[0], fields);
    if (joins) last.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function isRow({ key, value }: WaitingEntry, fields: readonly string[]): boolean {
  try {
    return tellsKey(keyText(wrapKey(key)), value, fields);
  } catch {
    return false;
  }
}
