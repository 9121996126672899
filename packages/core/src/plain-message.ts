// One pass over a msgpack message before the real decoder sees it. It must never build anything: it only walks.
import { ChorusError } from "./errors.js";

/** Arrays in a frame nest this deep: the frame itself and one list in it. */
const MAX_DEPTH = 2;

/**
 * Throws unless `message` is one whole msgpack value made of unsigned integers, floats, strings, binaries and
 * arrays, nested at most two deep. Extensions (they make decoders follow references), maps, nil, booleans and
 * trailing bytes are refused.
 * @throws ChorusError protocol
 */
export function assertPlainMessage(message: Uint8Array): void {
  if (skipValue(message, 0, 0) !== message.length) throw malformed("bytes follow it");
}

function skipValue(message: Uint8Array, position: number, depth: number): number {
  const type = message[position];
  if (type === undefined) throw malformed("it is cut short");
  const next = position + 1;
  if (type < 0x80) return next;
  if (type >= 0x90 && type < 0xa0) return skipArray(message, next, { count: type - 0x90, depth });
  if (type >= 0xa0 && type < 0xc0) return bounded(message, next + (type - 0xa0));
  switch (type) {
    case 0xc4: // bin and str with 1, 2 or 4 bytes of length
    case 0xd9:
      return bounded(message, next + 1 + unsigned(message, next, 1));
    case 0xc5:
    case 0xda:
      return bounded(message, next + 2 + unsigned(message, next, 2));
    case 0xc6:
    case 0xdb:
      return bounded(message, next + 4 + unsigned(message, next, 4));
    case 0xcc: // unsigned integers of 1 to 8 bytes
      return bounded(message, next + 1);
    case 0xcd:
      return bounded(message, next + 2);
    case 0xce:
      return bounded(message, next + 4);
    case 0xcb: // float64, which carries the integers above 32 bits
    case 0xcf:
      return bounded(message, next + 8);
    case 0xdc:
      return skipArray(message, next + 2, { count: unsigned(message, next, 2), depth });
    case 0xdd:
      return skipArray(message, next + 4, { count: unsigned(message, next, 4), depth });
    default:
      throw malformed(`a value of type 0x${type.toString(16)} is not allowed in it`);
  }
}

function skipArray(message: Uint8Array, position: number, array: { count: number; depth: number }): number {
  const { count, depth } = array;
  if (depth >= MAX_DEPTH) throw malformed("its arrays are nested too deep");
  // Every element takes a byte at least.
  if (count > message.length - position) throw malformed("it is cut short");
  let end = position;
  for (let i = 0; i < count; i++) end = skipValue(message, end, depth + 1);
  return end;
}

function unsigned(message: Uint8Array, position: number, size: number): number {
  bounded(message, position + size);
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + (message[position + i] ?? 0);
  return value;
}

function bounded(message: Uint8Array, end: number): number {
  if (end > message.length) throw malformed("it is cut short");
  return end;
}

function malformed(what: string): ChorusError {
  return new ChorusError("protocol", `malformed frame: ${what}`);
}
