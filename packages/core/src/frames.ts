// The frames of protocol version 1 as bytes and as objects; the only file that knows msgpack. Nothing a peer sends
// reaches msgpackr before a scan has found it free of extensions, maps, deep nesting and trailing bytes.
import { Packr, Unpackr } from "msgpackr";
import { ChorusError } from "./errors.js";
import { assertPlainMessage } from "./plain-message.js";
import type { Grant } from "./replication-options.js";

/** The version this code speaks; a peer that speaks another is closed 4406. */
const PROTOCOL_VERSION = 1;

/** The kinds of frames; the index is the first element of a frame on the wire. */
export const FRAME_KINDS = ["hello", "vector", "update", "ack", "neighbours", "digest", "error"] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/**
 * Flags of an update: 0 as it happens; 1 a part, to be kept until the last has come; 2 the last part of an answer; 3 the
 * last part of what was sent unasked, to a peer that had fallen behind.
 */
export type UpdateFlags = 0 | 1 | 2 | 3;
export const LIVE_UPDATE = 0;
export const PART = 1;
export const ANSWER_END = 2;
export const RESYNC_END = 3;

/** The update that says nothing, as Yjs writes it: no structs, no deletions. */
export const EMPTY_UPDATE: Uint8Array = new Uint8Array([0, 0]);

export function isEmptyUpdate(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0;
}

/** Who a side is, and what it grants the other. Always the first frame. */
export interface Hello {
  readonly replicaId: string;
  readonly sessionId: number;
  /** Informative: paths decide which channel a connection carries. */
  readonly channelName: string;
  readonly grant: Grant;
  readonly features: readonly string[];
}

/** A decoded frame. `bytes` are views of the received frame. `acked` is a flat list of session, clock pairs. */
export type Frame =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "vector"; readonly bytes: Uint8Array }
  | { readonly kind: "update"; readonly bytes: Uint8Array; readonly flags: UpdateFlags }
  | { readonly kind: "ack"; readonly acked: readonly number[] }
  | { readonly kind: "neighbours"; readonly replicaIds: readonly string[] }
  | { readonly kind: "digest"; readonly hash: number; readonly vectorBytes: Uint8Array }
  | { readonly kind: "error"; readonly code: string; readonly text: string };

/** An ack carries at most this many session, clock pairs; more go into several. */
export const MAX_ACK_PAIRS = 65_536;

const MAX_FEATURES = 32;
const MAX_NEIGHBOURS = 65_536;
const REPLICA_ID = /^\P{C}{1,128}$/u;
const CHANNEL_NAME = /^[\s\S]{0,4096}$/;
const FEATURE = /^[\x21-\x7e]{1,64}$/;
const ERROR_CODE = /^[a-z-]{1,64}$/;
const ERROR_TEXT = /^[\s\S]{0,1024}$/;
const CONTROL = /\p{C}/gu;

const packing = { useRecords: false, structuredClone: false, int64AsType: "number" } as const;
const packr = new Packr(packing);
const unpackr = new Unpackr(packing);

export function encodeHello(hello: Hello): Uint8Array {
  const { replicaId, sessionId, channelName, grant, features } = hello;
  return pack([0, PROTOCOL_VERSION, replicaId, sessionId, channelName, grant, features]);
}

/** A question: the update frames that answer it bring what this encoded state vector lacks. */
export function encodeVector(vector: Uint8Array): Uint8Array {
  return pack([1, vector]);
}

/**
 * An update. Written by hand, byte for byte as msgpackr would: it is the frame that is sent most, msgpackr
 * would take its memory from a pool several times the frame's size, and a queued frame would keep all of that.
 */
export function encodeUpdate(update: Uint8Array, flags: UpdateFlags): Uint8Array {
  const length = update.length;
  const sizeBytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 4;
  const frame = new Uint8Array(3 + sizeBytes + length + 1);
  frame[0] = 0x93;
  frame[1] = 2;
  frame[2] = sizeBytes === 1 ? 0xc4 : sizeBytes === 2 ? 0xc5 : 0xc6;
  for (let i = 0; i < sizeBytes; i++) frame[3 + i] = length >>> (8 * (sizeBytes - 1 - i));
  frame.set(update, 3 + sizeBytes);
  frame[frame.length - 1] = flags;
  return frame;
}

/** @param acked flat session, clock pairs; empty for a heartbeat */
export function encodeAck(acked: readonly number[]): Uint8Array {
  return pack([3, acked]);
}

export function encodeNeighbours(replicaIds: readonly string[]): Uint8Array {
  return pack([4, replicaIds]);
}

/** @param hash of the winners at the moment the encoded vector was taken */
export function encodeDigest(hash: number, vectorBytes: Uint8Array): Uint8Array {
  return pack([5, hash, vectorBytes]);
}

export function encodeError(code: string, text: string): Uint8Array {
  return pack([6, code, text.slice(0, 1024)]);
}

/**
 * Reads one frame.
 * @throws ChorusError too-large above `maxBytes`, version for a hello of another version, protocol for anything
 * else that is not exactly a frame of ours
 */
export function decodeFrame(frame: Uint8Array, maxBytes: number): Frame {
  if (frame.length > maxBytes) {
    throw new ChorusError("too-large", `a frame of ${frame.length} bytes exceeds the limit of ${maxBytes}`);
  }
  return decodeUpdate(frame) ?? decodeAny(frame);
}

/** The quick way for an update in its usual form, without the scan and without msgpackr. */
function decodeUpdate(frame: Uint8Array): Frame | undefined {
  if (frame[0] !== 0x93 || frame[1] !== 2) return undefined;
  const type = frame[2];
  const sizeBytes = type === 0xc4 ? 1 : type === 0xc5 ? 2 : type === 0xc6 ? 4 : 0;
  if (sizeBytes === 0) return undefined;
  let length = 0;
  for (let i = 0; i < sizeBytes; i++) length = length * 256 + (frame[3 + i] ?? 0);
  const start = 3 + sizeBytes;
  if (frame.length !== start + length + 1) return undefined;
  const flags = frame[frame.length - 1];
  if (flags !== 0 && flags !== 1 && flags !== 2 && flags !== 3) return undefined;
  return { kind: "update", bytes: new Uint8Array(frame.buffer, frame.byteOffset + start, length), flags };
}

function decodeAny(frame: Uint8Array): Frame {
  assertPlainMessage(frame);
  const fields: unknown = unpack(frame);
  if (!Array.isArray(fields)) throw malformed("it is not an array");
  switch (fields[0]) {
    case 0:
      return { kind: "hello", hello: readHello(fields) };
    case 1:
      arity(fields, 2);
      return { kind: "vector", bytes: bin(fields[1]) };
    case 2:
      return readUpdate(fields);
    case 3:
      arity(fields, 2);
      return { kind: "ack", acked: readPairs(fields[1]) };
    case 4:
      arity(fields, 2);
      return { kind: "neighbours", replicaIds: texts(fields[1], REPLICA_ID, MAX_NEIGHBOURS) };
    case 5:
      arity(fields, 3);
      return { kind: "digest", hash: integer(fields[1]), vectorBytes: bin(fields[2]) };
    case 6:
      arity(fields, 3);
      return { kind: "error", code: text(fields[1], ERROR_CODE), text: errorText(fields[2]) };
    default:
      throw malformed("its kind is unknown");
  }
}

function readHello(fields: readonly unknown[]): Hello {
  const version = integer(fields[1]);
  // A later version may have other fields, so they are not looked at.
  if (version !== PROTOCOL_VERSION) {
    throw new ChorusError(
      "version",
      `the peer speaks protocol version ${version}, this is ${PROTOCOL_VERSION}`,
    );
  }
  arity(fields, 7);
  const grant = fields[5];
  if (grant !== "r" && grant !== "w" && grant !== "rw" && grant !== "")
    throw malformed("its grant is unknown");
  return {
    replicaId: text(fields[2], REPLICA_ID),
    sessionId: integer(fields[3]),
    channelName: text(fields[4], CHANNEL_NAME),
    grant,
    features: texts(fields[6], FEATURE, MAX_FEATURES),
  };
}

function readUpdate(fields: readonly unknown[]): Frame {
  arity(fields, 3);
  const flags = fields[2];
  if (flags !== 0 && flags !== 1 && flags !== 2 && flags !== 3) throw malformed("its flags are unknown");
  return { kind: "update", bytes: bin(fields[1]), flags };
}

function readPairs(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length % 2 !== 0 || value.length > 2 * MAX_ACK_PAIRS) {
    throw malformed("its pairs are malformed");
  }
  return value.map(integer);
}

function errorText(value: unknown): string {
  return text(value, ERROR_TEXT).replace(CONTROL, " ");
}

function arity(fields: readonly unknown[], length: number): void {
  if (fields.length !== length) throw malformed(`it has ${fields.length} fields instead of ${length}`);
}

function integer(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw malformed("a number is not a safe integer");
  }
  return value;
}

function text(value: unknown, pattern: RegExp): string {
  if (typeof value !== "string" || !pattern.test(value)) throw malformed("a text is not of the allowed form");
  return value;
}

function texts(value: unknown, pattern: RegExp, maxLength: number): readonly string[] {
  if (!Array.isArray(value) || value.length > maxLength) throw malformed("a list is malformed or too long");
  return value.map((item) => text(item, pattern));
}

/** A plain view: a Node Buffer's `slice` would alias where everybody expects a copy. */
function bin(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed("a field is not binary");
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function unpack(frame: Uint8Array): unknown {
  try {
    return unpackr.unpack(frame);
  } catch (error) {
    throw new ChorusError("protocol", "malformed frame: it is not msgpack", { cause: error });
  }
}

/** Copied out of msgpackr's pool, for a small frame may wait in a queue for long. */
function pack(fields: readonly unknown[]): Uint8Array {
  return new Uint8Array(packr.pack(fields) as Uint8Array);
}

function malformed(what: string): ChorusError {
  return new ChorusError("protocol", `malformed frame: ${what}`);
}
