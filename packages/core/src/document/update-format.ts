// The bytes of a Yjs update, version 1, as far as our documents have them: what writes, reads and guards updates agrees on
// these. docs/protocol.md describes the whole.

/** The name of the root map, and the kind of type that a segment is. */
export const ROOT = "channel";
export const MAP_TYPE = 1;

/** Info bytes: a segment; the first entry of a key in it; a later one, which has an origin. */
export const SEGMENT = 0x27;
export const FIRST = 0x28;
export const FOLLOWER = 0xa8;

/** Tags of lib0's "any" encoding. */
export const ANY_ARRAY = 117;
export const ANY_STRING = 119;
export const ANY_FLOAT64 = 123;
export const ANY_FLOAT32 = 124;
export const ANY_INTEGER = 125;
/** The largest number that lib0 writes as an integer. */
export const MAX_ANY_INTEGER = 2 ** 31 - 1;

/** A struct takes at least 2 bytes, a session's block 5, a delete range 2, a session's delete ranges 4. */
export const STRUCT_BYTES = 2;
export const BLOCK_BYTES = 5;
export const RANGE_BYTES = 2;
export const RANGES_BYTES = 4;
