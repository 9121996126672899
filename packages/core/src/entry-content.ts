// Checks the content of one entry as Yjs encodes it: a ContentAny of the array [stamp] or [stamp, json]. It must accept
// every stamp and text that the segments document writes, and nothing that would decode to anything else.
import { jsonFault } from "./json-text.js";
import { MAX_STAMP } from "./stamp.js";
import type { UpdateReader } from "./update-reader.js";
import {
  ANY_ARRAY,
  ANY_FLOAT32,
  ANY_FLOAT64,
  ANY_INTEGER,
  ANY_STRING,
  MAX_ANY_INTEGER,
} from "./document/update-format.js";

/** The first byte of lib0's signed numbers: one bit says that others follow, one is the sign, 6 are the number. */
const MORE_BIT = 0x80;
const SIGN_BIT = 0x40;

/** What an entry says; `json` undefined is a tombstone. Used for one entry after the other. */
export interface EntryContent {
  stamp: number;
  json: string | undefined;
}

/** Moves the reader behind one entry. @throws ChorusError protocol when it is none */
export function checkEntry(reader: UpdateReader, maxValueBytes: number): void {
  if (startEntry(reader) === 1) return void readStamp(reader);
  readStamp(reader);
  checkJson(reader, maxValueBytes);
}

/** Reads one entry into `content`. @throws ChorusError protocol when it is none */
export function readEntry(reader: UpdateReader, maxValueBytes: number, content: EntryContent): void {
  const parts = startEntry(reader);
  content.stamp = readStamp(reader);
  content.json = parts === 1 ? undefined : reader.textFrom(checkJson(reader, maxValueBytes));
}

/** @returns 1 for a tombstone, 2 for a value */
function startEntry(reader: UpdateReader): number {
  if (reader.varUint() !== 1 || reader.byte() !== ANY_ARRAY) reader.refuse("an entry that is no array");
  const parts = reader.varUint();
  if (parts !== 1 && parts !== 2) reader.refuse("an entry of neither one nor two parts");
  return parts;
}

/** Moves behind a value. @returns where its text begins */
function checkJson(reader: UpdateReader, maxValueBytes: number): number {
  if (reader.byte() !== ANY_STRING) reader.refuse("a value that is no text");
  const length = reader.varUint();
  if (length > maxValueBytes) reader.refuse(`a value above ${maxValueBytes} bytes`);
  const start = reader.skip(length);
  const fault = jsonFault(reader, start, reader.position);
  if (fault !== undefined) reader.refuse(`a value with ${fault}`);
  return start;
}

function readStamp(reader: UpdateReader): number {
  const tag = reader.byte();
  let stamp: number;
  if (tag === ANY_INTEGER) {
    const first = reader.byte();
    const rest = first & MORE_BIT ? reader.varUint() : 0;
    stamp = rest * 64 + (first & (SIGN_BIT - 1));
    if (first & SIGN_BIT || stamp > MAX_ANY_INTEGER) reader.refuse("a stamp out of range");
    return stamp;
  }
  if (tag !== ANY_FLOAT64 && tag !== ANY_FLOAT32) reader.refuse("a stamp that is no number");
  stamp = reader.float(tag === ANY_FLOAT64 ? 8 : 4);
  // What is small enough comes as an integer. NaN fails every comparison.
  if (!(stamp > MAX_ANY_INTEGER && stamp <= MAX_STAMP && Number.isInteger(stamp))) {
    reader.refuse("a stamp out of range");
  }
  return stamp;
}
