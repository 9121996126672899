// A cursor over the bytes of LevelDB's files: little-endian numbers, varints and texts with their length. Must never
// read beyond the end: it throws RangeError, which its callers take for damage.

/** Reads forwards through bytes. Every method throws RangeError when the bytes end first. */
export class LevelBytes {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** A varint; a number above 2^53 - 1 is taken for damage. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.take(1)[0] as number;
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("a number is too large");
      if (byte < 128) return value;
    }
  }

  /** The next bytes, as a view. */
  take(length: number): Buffer {
    if (length > this.left) throw new RangeError("the bytes end too early");
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  /** Bytes with their length before them, as a view. */
  text(): Buffer {
    return this.take(this.varint());
  }
}

/** One put or deletion. Of several for a key the one with the highest sequence number counts. */
export interface LevelRecord {
  /** The key, one character for each byte (latin1). */
  readonly key: string;
  readonly sequence: number;
  /** Absent for a deletion. A view. */
  readonly value: Buffer | undefined;
}

/** What stands in the place of the type of a record. */
export const DELETION = 0;
export const PUT = 1;
