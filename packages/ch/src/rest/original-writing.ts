// Writes into the channel what an original holds, as a call would that came from it: subscribers are told, with the
// channel's uuid and the origin "rest". What cannot be stored here is left out and counted, never changed to fit.
import { ChorusError, type JsonValue } from "@chorus/core";
import type { CallDetails, ChannelData } from "../channel-data.js";
import { parseKeyText } from "../keys.js";
import { tellsKey } from "../wrapping.js";

/** How the channel is written. */
export type OriginalWriter = Pick<ChannelData, "set" | "unset" | "setRows" | "unsetRows">;

/** One key as it is at the original. */
export interface TakenRow {
  readonly key: string;
  /** Undefined: it is not there. */
  readonly value: JsonValue | undefined;
  /** Forced time of the write, in milliseconds. */
  readonly timeMs: number;
}

interface Group {
  readonly fields: readonly string[];
  readonly timeMs: number;
  readonly isUnset: boolean;
  readonly rows: TakenRow[];
}

/**
 * @returns keys that this channel cannot hold
 * @throws ChorusError store-full, store-failed, channel-closed: then part of it may be written
 */
export function writeTaken(writer: OriginalWriter, rows: readonly TakenRow[], uuid: string): string[] {
  const refused: string[] = [];
  for (const group of groupsOf(rows)) {
    try {
      writeGroup(writer, group, uuid);
    } catch (error) {
      throwUnlessRefused(error);
      // Nothing of the group was written: all of it was checked before.
      refused.push(...writeSingly(writer, group.rows, uuid));
    }
  }
  return refused;
}

function writeSingly(writer: OriginalWriter, rows: readonly TakenRow[], uuid: string): string[] {
  return rows
    .filter((row) => {
      try {
        writeRow(writer, row, uuid);
        return false;
      } catch (error) {
        throwUnlessRefused(error);
        return true;
      }
    })
    .map(({ key }) => key);
}

function writeGroup(writer: OriginalWriter, { fields, timeMs, isUnset, rows }: Group, uuid: string): void {
  const [first] = rows;
  if (first && rows.length === 1) {
    writeRow(writer, first, uuid);
    return;
  }
  const details = detailsOf(timeMs, uuid);
  if (isUnset)
    writer.unsetRows(
      [...fields],
      rows.map(({ key }) => parseKeyText(key)),
      details,
    );
  else
    writer.setRows(
      [...fields],
      rows.map(({ value }) => value),
      details,
    );
}

function writeRow(writer: OriginalWriter, { key, value, timeMs }: TakenRow, uuid: string): void {
  const details = detailsOf(timeMs, uuid);
  if (value === undefined) writer.unset(parseKeyText(key), details);
  else writer.set(parseKeyText(key), value, details);
}

function detailsOf(timestamp: number, uuid: string): CallDetails {
  return { timestamp, uuid, origin: "rest" };
}

/** Rows that can be written in one call: same time, same key fields, and every row tells its own key. */
function groupsOf(rows: readonly TakenRow[]): Group[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const fields = Object.keys(parseKeyText(row.key));
    const isUnset = row.value === undefined;
    const alone = !isUnset && !tellsKey(row.key, row.value, fields);
    const name = JSON.stringify([row.timeMs, isUnset, fields, alone ? row.key : null]);
    const group = groups.get(name) ?? { fields, timeMs: row.timeMs, isUnset, rows: [] };
    groups.set(name, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

const OWN_FAILURES: ReadonlySet<string> = new Set(["store-full", "store-failed", "channel-closed"]);

/** What is the fault of this side is no reason to leave a row out. */
function throwUnlessRefused(error: unknown): void {
  const isRefused = error instanceof ChorusError && !OWN_FAILURES.has(error.code);
  if (!isRefused) throw error;
}
