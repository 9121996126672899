// Puts the parts of an answer together again. An answer shows a document as it stands after all its moves and drops: a
// part of it alone may say that an entry is gone and not yet where it went, so nothing of it may be applied, stored or
// sent on before everything is there (docs/document.md, rule 8). It only copies bytes; the guard judges the result.
import { createEncoder, type Encoder, toUint8Array, writeUint8Array, writeVarUint } from "lib0/encoding";
import { UpdateReader } from "./update-reader.js";
import { RANGES_BYTES, RANGE_BYTES, STRUCT_BYTES } from "./document/update-format.js";

/** The structs of one session, from all parts. */
interface Block {
  structs: number;
  readonly clock: number;
  readonly bodies: Uint8Array[];
}

interface DeletedRange {
  readonly clock: number;
  readonly end: number;
}

/**
 * The update that several parts make, in the order in which they were cut. A part holds structs of one session, which
 * go on where its last part ended, or deletions; a single part may be any update.
 * @throws ChorusError protocol for a part of another shape
 */
export function assembleUpdate(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const blocks = new Map<number, Block>();
  const deletions = new Map<number, DeletedRange[]>();
  for (const part of parts) {
    const reader = new UpdateReader(part);
    const sessions = reader.varUint();
    if (sessions > 1) reader.refuse("a part with structs of several sessions");
    if (sessions === 1) readBlock(reader, blocks);
    else readDeletions(reader, deletions);
  }
  const encoder = createEncoder();
  writeBlocks(encoder, blocks);
  writeDeletions(encoder, deletions);
  return toUint8Array(encoder);
}

function readBlock(reader: UpdateReader, blocks: Map<number, Block>): void {
  const structs = reader.count(STRUCT_BYTES);
  const session = reader.varUint();
  const clock = reader.varUint();
  const start = reader.skip(reader.remaining);
  const end = reader.bytes.length - 1;
  // What looks like the empty list of deletions is the guard's to believe; here only one byte is known to end it.
  if (end < start || reader.bytes[end] !== 0) reader.refuse("a part with structs and deletions");
  const block = blocks.get(session) ?? { structs: 0, clock, bodies: [] };
  blocks.set(session, block);
  block.structs += structs;
  block.bodies.push(reader.bytes.subarray(start, end));
}

function readDeletions(reader: UpdateReader, deletions: Map<number, DeletedRange[]>): void {
  for (let sessions = reader.count(RANGES_BYTES); sessions > 0; sessions--) {
    const session = reader.varUint();
    const ranges = deletions.get(session) ?? [];
    deletions.set(session, ranges);
    for (let left = reader.count(RANGE_BYTES); left > 0; left--) {
      const clock = reader.varUint();
      ranges.push({ clock, end: clock + reader.length() });
    }
  }
  if (reader.remaining > 0) reader.refuse("bytes after the end of a part");
}

function writeBlocks(encoder: Encoder, blocks: ReadonlyMap<number, Block>): void {
  writeVarUint(encoder, blocks.size);
  for (const [session, { structs, clock, bodies }] of blocks) {
    writeVarUint(encoder, structs);
    writeVarUint(encoder, session);
    writeVarUint(encoder, clock);
    for (const body of bodies) writeUint8Array(encoder, body);
  }
}

/** A range that was cut twice, because it had grown, is written once. */
function writeDeletions(encoder: Encoder, deletions: ReadonlyMap<number, DeletedRange[]>): void {
  writeVarUint(encoder, deletions.size);
  for (const [session, ranges] of deletions) {
    const merged: { clock: number; end: number }[] = [];
    for (const range of ranges.sort((a, b) => a.clock - b.clock)) {
      const last = merged.at(-1);
      if (last && range.clock <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push({ ...range });
    }
    writeVarUint(encoder, session);
    writeVarUint(encoder, merged.length);
    for (const { clock, end } of merged) {
      writeVarUint(encoder, clock);
      writeVarUint(encoder, end - clock);
    }
  }
}
