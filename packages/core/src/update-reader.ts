// Reads the bytes of a Yjs update one field at a time, never past the end and never a number Yjs could not write
// back. Whatever it does not like it throws as ChorusError "protocol". It must never believe a length or a count.
import { ChorusError } from "./errors.js";
import { utf8SequenceLength } from "./json-text.js";

/** What of the platform is used here; core knows no platform's types. */
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

/** Node's, if it is there: 50 ns less for a text, and no view for each of them to be collected. */
declare const Buffer:
  | { from(memory: ArrayBufferLike, offset: number, length: number): TextSource }
  | undefined;

/** Bytes of which parts can be read as text. */
interface TextSource {
  toString(encoding: "utf8", start: number, end: number): string;
}

/** What is decoded was found valid before, so this one need not check it again. A byte order mark is a character. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function textSourceOf(bytes: Uint8Array): TextSource {
  if (typeof Buffer !== "undefined") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { toString: (_encoding, start, end) => utf8.decode(bytes.subarray(start, end)) };
}

/**
 * ASCII strings up to this long are put together here; calling the platform's decoder costs more than they do. Longer ones
 * would be ropes, which the first look into them has to copy.
 */
const SHORT_STRING_BYTES = 12;

/** A position in the bytes of one update, which only moves forward. */
export class UpdateReader {
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  /** The index of the next byte. */
  position = 0;
  readonly #end: number;
  #source: TextSource | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
  }

  get remaining(): number {
    return this.#end - this.position;
  }

  /** @throws ChorusError protocol, always */
  refuse(reason: string): never {
    throw new ChorusError("protocol", `the update is refused: ${reason} (before byte ${this.position})`);
  }

  byte(): number {
    if (this.position >= this.#end) this.refuse("it ends early");
    return this.bytes[this.position++] as number;
  }

  /** A whole number up to 2^53 − 1 in at most 8 bytes. lib0 itself reads on and on, up to Infinity. */
  varUint(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    for (let factor = 128; factor <= 2 ** 49; factor *= 128) {
      const next = this.byte();
      value += (next & 127) * factor;
      if (next < 128)
        return value <= Number.MAX_SAFE_INTEGER ? value : this.refuse("a number above 2^53 − 1");
    }
    return this.refuse("a number of more than 8 bytes");
  }

  /** A number of things that take at least `bytesEach` bytes each; refused when they cannot all follow. */
  count(bytesEach: number): number {
    const count = this.varUint();
    if (count * bytesEach > this.remaining) this.refuse("a count above what the bytes left can hold");
    return count;
  }

  /** A length above zero. Zero makes Yjs throw at every later encoding. */
  length(): number {
    return this.varUint() || this.refuse("a length of zero");
  }

  /** Moves behind `length` bytes and returns where they began. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.#end - start) this.refuse("it ends early");
    this.position = start + length;
    return start;
  }

  /** A float of `size` 4 or 8 bytes, big-endian as lib0 writes it. */
  float(size: 4 | 8): number {
    const start = this.skip(size);
    return size === 4 ? this.view.getFloat32(start) : this.view.getFloat64(start);
  }

  /** Moves behind a string that must equal `expected`, an ASCII text. */
  expectText(expected: string): void {
    const start =
      this.varUint() === expected.length ? this.skip(expected.length) : this.refuse(`not "${expected}"`);
    for (let i = 0; i < expected.length; i++) {
      if (this.bytes[start + i] !== expected.charCodeAt(i)) this.refuse(`not "${expected}"`);
    }
  }

  /** A string of at most `maxBytes` of valid UTF-8 (Yjs throws half way at any other). */
  string(maxBytes: number): string {
    const start = this.#text(maxBytes);
    const { bytes, position } = this;
    if (position - start <= SHORT_STRING_BYTES && isAscii(bytes, start, position)) {
      return asciiText(bytes, start, position);
    }
    this.#checkUtf8(start);
    return this.textFrom(start);
  }

  /** The text from `start` to the position, which must have been found to be valid UTF-8. */
  textFrom(start: number): string {
    const { bytes, position } = this;
    if (position - start <= SHORT_STRING_BYTES && isAscii(bytes, start, position)) {
      return asciiText(bytes, start, position);
    }
    this.#source ??= textSourceOf(bytes);
    return this.#source.toString("utf8", start, position);
  }

  /** Moves behind such a string without making it. */
  skipString(maxBytes: number): void {
    this.#checkUtf8(this.#text(maxBytes));
  }

  #text(maxBytes: number): number {
    const length = this.varUint();
    if (length > maxBytes) this.refuse(`a string of more than ${maxBytes} bytes`);
    return this.skip(length);
  }

  /** Checks the bytes from `start` to the position. */
  #checkUtf8(start: number): void {
    const { bytes, position } = this;
    for (let at = start; at < position; ) {
      const length = (bytes[at] as number) < 128 ? 1 : utf8SequenceLength(bytes, at, position);
      if (length === 0) this.refuse("a string that is not UTF-8");
      at += length;
    }
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at] as number;
  return seen < 128;
}

/** 55 ns for ten characters; one by one they take 210, the platform's decoder 167. */
function asciiText(bytes: Uint8Array, start: number, end: number): string {
  const byte = (at: number): number => bytes[at] as number;
  const text = String.fromCharCode;
  let made = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    made += text(
      byte(at),
      byte(at + 1),
      byte(at + 2),
      byte(at + 3),
      byte(at + 4),
      byte(at + 5),
      byte(at + 6),
      byte(at + 7),
    );
  }
  if (at + 4 <= end) {
    made += text(byte(at), byte(at + 1), byte(at + 2), byte(at + 3));
    at += 4;
  }
  if (at + 2 <= end) {
    made += text(byte(at), byte(at + 1));
    at += 2;
  }
  return at < end ? made + text(byte(at)) : made;
}
