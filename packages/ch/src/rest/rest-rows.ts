// Writes the rows of a request. Many would keep everything else waiting for seconds, so they are checked, and then written, in
// slices with turns between. Nothing may be written before the last row is checked.
import type { JsonValue } from "@chorus/core";
import type { CallDetails } from "../channel-data.js";
import { parseKeyText } from "../keys.js";
import type { RowsRequest } from "./rest-request.js";
import type { RestTarget } from "./rest-target.js";

/** So many rows are checked or written in one turn, in some tens of milliseconds; each slice is one call of the channel. */
export const ROWS_PER_TURN = 2_000;

/** Resolves in a later turn. @throws (rejects) ChorusError closed when the channel ended meanwhile */
export type NextTurn = () => Promise<void>;

/** How rows are written. */
export interface RowsWriting {
  readonly details: CallDetails;
  readonly nextTurn: NextTurn;
}

/**
 * Carries out a setAll or unsetAll, or replaces everything. Resolves after the last slice; what has one slice is done in this turn.
 * @throws (rejects) what the channel throws, and `nextTurn`. Then nothing was written, unless the channel or its store
 * ended after the first slice
 */
export async function writeRows(
  target: RestTarget,
  request: RowsRequest,
  writing: RowsWriting,
): Promise<undefined> {
  const { fields, rows, kind } = request;
  const op = kind === "unsetRows" ? "unset" : "set";
  const { timestamp } = writing.details;
  const isReplay = request.time.kind === "unknown";
  const keys: string[] = [];
  await inTurns(rows, writing.nextTurn, (slice) => {
    for (const key of target.data.checkRows(fields, slice, { op, timestamp })) keys.push(key);
  });
  const others = kind === "replaceRows" ? othersThan(target, keys) : [];
  if (rows.length > ROWS_PER_TURN) await writing.nextTurn();
  let first = 0;
  await inTurns(rows, writing.nextTurn, (slice) => {
    for (const [i, row] of slice.entries()) {
      target.heard(keys[first + i] ?? "", op === "set" ? (row as JsonValue) : undefined, isReplay);
    }
    first += slice.length;
    if (op === "set") target.data.setRows(fields, slice, writing.details);
    else target.data.unsetRows(fields, slice, writing.details);
  });
  if (others.length > 0) await removeOthers(target, others, writing);
  return undefined;
}

/** The texts of the keys that a replacement removes. */
function othersThan({ data }: RestTarget, keys: readonly string[]): string[] {
  const kept = new Set(keys);
  return data.keyTexts().filter((key) => !kept.has(key));
}

async function removeOthers(
  target: RestTarget,
  others: readonly string[],
  { details, nextTurn }: RowsWriting,
): Promise<void> {
  await inTurns(others, nextTurn, (slice) => {
    for (const key of slice) target.heard(key, undefined, false);
    for (const [fields, keys] of byShape(slice)) target.data.unsetRows(fields, keys, details);
  });
}

/** Key maps by their field names, so that each shape goes in one call. */
function byShape(keys: readonly string[]): Iterable<[fields: string[], keys: object[]]> {
  const shapes = new Map<string, [string[], object[]]>();
  for (const key of keys) {
    const keyMap = parseKeyText(key);
    const fields = Object.keys(keyMap);
    const shape = JSON.stringify(fields);
    const same = shapes.get(shape) ?? [fields, []];
    same[1].push(keyMap);
    shapes.set(shape, same);
  }
  return shapes.values();
}

/** Gives `task` all items, some in each turn. */
async function inTurns<Item>(
  items: readonly Item[],
  nextTurn: NextTurn,
  task: (slice: readonly Item[]) => void,
): Promise<void> {
  for (let first = 0; first < items.length; first += ROWS_PER_TURN) {
    if (first > 0) await nextTurn();
    task(items.slice(first, first + ROWS_PER_TURN));
  }
}
