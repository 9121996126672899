// Reads LevelDB's tables (*.ldb): blocks with checksums, an index of them, and a footer. Must never return bytes whose
// checksum is wrong; a table whose index is lost is walked from its beginning. Format:
// https://github.com/google/leveldb/blob/main/doc/table_format.md
import { crc32c, maskCrc } from "./crc32c.js";
import { DELETION, LevelBytes, type LevelRecord, PUT } from "./leveldb-bytes.js";

const FOOTER_BYTES = 48;
const MAGIC = Buffer.from("57fb808b247547db", "hex");
const TRAILER_BYTES = 5;
const UNCOMPRESSED = 0;
/** A block notes the place of every 16th entry, of the first always. */
const RESTART_INTERVAL = 16;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** Whether every byte of a table that matters is as it was written. Never throws. */
export function isTableIntact(bytes: Buffer): boolean {
  try {
    const { data, others } = readHandles(bytes);
    return [...data, ...others].every((handle) => isBlockIntact(bytes, handle));
  } catch {
    return false;
  }
}

/** The records of all blocks that are intact. Never throws. */
export function readTable(bytes: Buffer): LevelRecord[] {
  const records: LevelRecord[] = [];
  for (const handle of findBlocks(bytes)) {
    if (!isBlockIntact(bytes, handle)) continue;
    try {
      for (const { key, value } of readEntries(bytes, handle)) records.push(toRecord(key, value));
    } catch {
      // Compressed, or not a block: its checksum is right, so it was written like this.
    }
  }
  return records;
}

function toRecord(key: Buffer, value: Buffer): LevelRecord {
  const end = key.length - 8;
  const type = key[end];
  if (type !== PUT && type !== DELETION) throw new RangeError("a key is too short, or of an unknown type");
  const sequence = key.readUIntLE(end + 1, 6) + (key[end + 7] as number) * 2 ** 48;
  return { key: key.toString("latin1", 0, end), sequence, value: type === PUT ? value : undefined };
}

function findBlocks(bytes: Buffer): readonly Handle[] {
  try {
    return readHandles(bytes).data;
  } catch {
    return walkBlocks(bytes);
  }
}

/** The blocks with records, and those with the filter that says which keys cannot be in the table. Throws when damaged. */
function readHandles(bytes: Buffer): { data: Handle[]; others: Handle[] } {
  const footer = bytes.subarray(Math.max(0, bytes.length - FOOTER_BYTES));
  if (footer.length < FOOTER_BYTES || !footer.subarray(FOOTER_BYTES - MAGIC.length).equals(MAGIC)) {
    throw new RangeError("the footer is damaged");
  }
  const cursor = new LevelBytes(footer);
  const [meta, index] = [readHandle(cursor), readHandle(cursor)];
  const [others, data] = [meta, index].map((handle) => {
    if (!isBlockIntact(bytes, handle)) throw new RangeError("an index is damaged");
    return readEntries(bytes, handle).map((entry) => readHandle(new LevelBytes(entry.value)));
  }) as [Handle[], Handle[]];
  return { data, others };
}

function readHandle(cursor: LevelBytes): Handle {
  return { offset: cursor.varint(), size: cursor.varint() };
}

function isBlockIntact(bytes: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size + 1; // the type of the block is under the checksum
  if (end + 4 > bytes.length) return false;
  return maskCrc(crc32c(bytes, offset, end)) === bytes.readUInt32LE(end);
}

function readEntries(bytes: Buffer, { offset, size }: Handle): Entry[] {
  const block = bytes.subarray(offset, offset + size);
  if (bytes[offset + size] !== UNCOMPRESSED || size < 4) throw new RangeError("a block is compressed");
  const end = size - 4 - 4 * block.readUInt32LE(size - 4);
  const cursor = new LevelBytes(block, 0, end);
  const entries: Entry[] = [];
  let key: Buffer = Buffer.alloc(0);
  while (cursor.left > 0) {
    const entry = readEntry(cursor, key);
    key = entry.key;
    entries.push(entry);
  }
  return entries;
}

function readEntry(cursor: LevelBytes, previousKey: Buffer): Entry {
  const shared = cursor.varint();
  const ownLength = cursor.varint();
  const valueLength = cursor.varint();
  if (shared > previousKey.length) throw new RangeError("an entry shares more than there is");
  const key = Buffer.concat([previousKey.subarray(0, shared), cursor.take(ownLength)]);
  return { key, value: cursor.take(valueLength) };
}

/** Finds the blocks without an index, up to the first that is damaged: they stand one after the other. */
function walkBlocks(bytes: Buffer): Handle[] {
  const handles: Handle[] = [];
  try {
    for (let offset = 0; offset < bytes.length; ) {
      const handle = { offset, size: measureBlock(bytes, offset) };
      if (!isBlockIntact(bytes, handle) || !hasRecords(bytes, handle)) break;
      handles.push(handle);
      offset += handle.size + TRAILER_BYTES;
    }
  } catch {
    // The end, or damage.
  }
  return handles;
}

/**
 * Tells the blocks with records from those behind them, of which the index could be taken for one: its keys are keys of
 * records. The block before the index has no entries, or one for the filter, whose name is not the key of a record.
 */
function hasRecords(bytes: Buffer, handle: Handle): boolean {
  const [first] = readEntries(bytes, handle);
  if (first === undefined) return false;
  toRecord(first.key, first.value); // throws
  return true;
}

/** An entry never begins with four zeros, since its key is at least eight bytes; the list of restarts always does. */
function measureBlock(bytes: Buffer, offset: number): number {
  const cursor = new LevelBytes(bytes, offset);
  let count = 0;
  let key: Buffer = Buffer.alloc(0);
  while (bytes.readUInt32LE(cursor.at) !== 0) {
    key = readEntry(cursor, key).key;
    count += 1;
  }
  return cursor.at - offset + 4 * Math.max(1, Math.ceil(count / RESTART_INTERVAL)) + 4;
}
