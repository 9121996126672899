// Reads files in LevelDB's log format, which its write-ahead logs and manifests have: blocks of 32 KiB, in them records
// with checksums, whole or in parts. Must never return bytes whose checksum is wrong. Format:
// https://github.com/google/leveldb/blob/main/doc/log_format.md
import { crc32c, maskCrc } from "./crc32c.js";
import { DELETION, LevelBytes, type LevelRecord, PUT } from "./leveldb-bytes.js";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const [WHOLE, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/** What could be read of a file. */
export interface LogContent {
  /** The records that are intact, in order. */
  readonly records: readonly Buffer[];
  /** Something before the end is damaged. */
  readonly isDamaged: boolean;
  /** The last record is incomplete, as the end of a process leaves it in the middle of a write. */
  readonly isTorn: boolean;
}

/** Reads as much as is intact. Never throws. */
export function readLog(bytes: Buffer): LogContent {
  const reader = new LogReader(bytes);
  return reader.read();
}

class LogReader {
  readonly #bytes: Buffer;
  readonly #records: Buffer[] = [];
  /** The parts of a record that has begun; undefined outside. */
  #parts: Buffer[] | undefined;
  #at = 0;
  /** Behind it are only zeros: room that was given to the file and not written yet, as the loss of power can leave it. */
  readonly #contentEnd: number;
  #isDamaged = false;
  #isTorn = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    this.#contentEnd = end;
  }

  read(): LogContent {
    while (this.#at < this.#bytes.length && !this.#isTorn) this.#step();
    if (this.#parts !== undefined) this.#isTorn = true;
    return { records: this.#records, isDamaged: this.#isDamaged, isTorn: this.#isTorn };
  }

  #step(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    const blockEnd = start - (start % BLOCK_BYTES) + BLOCK_BYTES;
    if (blockEnd - start < HEADER_BYTES) {
      this.#at = blockEnd; // the rest of a block that has no room for a header
      return;
    }
    if (start + HEADER_BYTES > bytes.length || start >= this.#contentEnd) {
      this.#isTorn = true;
      return;
    }
    const end = start + HEADER_BYTES + bytes.readUInt16LE(start + 4);
    if (end > blockEnd) this.#skip(blockEnd);
    else if (end > bytes.length) this.#isTorn = true;
    else if (maskCrc(crc32c(bytes, start + 6, end)) !== bytes.readUInt32LE(start)) {
      // LevelDB gives up the rest of the block, since the length may be what is wrong. The next checksum tells.
      this.#skip(this.#isIntactAt(end, blockEnd) ? end : blockEnd);
    } else {
      this.#at = end;
      this.#add(bytes[start + 6] as number, bytes.subarray(start + HEADER_BYTES, end));
    }
  }

  #skip(to: number): void {
    this.#isDamaged = true;
    this.#parts = undefined;
    this.#at = to;
  }

  #isIntactAt(start: number, blockEnd: number): boolean {
    const bytes = this.#bytes;
    if (start === bytes.length || blockEnd - start < HEADER_BYTES) return true;
    if (start + HEADER_BYTES > bytes.length) return false;
    const end = start + HEADER_BYTES + bytes.readUInt16LE(start + 4);
    if (end > Math.min(blockEnd, bytes.length)) return false;
    return maskCrc(crc32c(bytes, start + 6, end)) === bytes.readUInt32LE(start);
  }

  #add(type: number, content: Buffer): void {
    if (type === WHOLE || type === FIRST) {
      if (this.#parts !== undefined) this.#isDamaged = true;
      this.#parts = [content];
    } else if ((type === MIDDLE || type === LAST) && this.#parts !== undefined) this.#parts.push(content);
    else this.#isDamaged = true; // a part whose beginning is damaged
    if ((type === WHOLE || type === LAST) && this.#parts !== undefined) {
      this.#records.push(this.#parts.length === 1 ? content : Buffer.concat(this.#parts));
      this.#parts = undefined;
    }
  }
}

/** The puts and deletions of one record of a write-ahead log. Throws RangeError for what is no batch. */
export function readBatch(record: Buffer): LevelRecord[] {
  const cursor = new LevelBytes(record);
  const head = cursor.take(12);
  const sequence = head.readUInt32LE(0) + head.readUInt32LE(4) * 2 ** 32;
  const count = head.readUInt32LE(8);
  const records: LevelRecord[] = [];
  while (cursor.left > 0) {
    const type = cursor.take(1)[0];
    if (type !== PUT && type !== DELETION) throw new RangeError("a batch has a record of an unknown type");
    const key = cursor.text().toString("latin1");
    const value = type === PUT ? cursor.text() : undefined;
    records.push({ key, sequence: sequence + records.length, value });
  }
  if (records.length !== count) throw new RangeError("a batch has another number of records than it says");
  return records;
}
