// The framing of stock Yjs clients (y-websocket): lib0 varints, 0 sync, 1 awareness, 2 auth, 3 query awareness. Only
// sync is looked into, by hand: y-protocols' readSyncMessage applies first and swallows what fails. Nothing here
// touches a document.
import { createDecoder, readVarUint, readVarUint8Array } from "lib0/decoding";
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from "lib0/encoding";
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from "y-protocols/sync";
import { ChorusError } from "./errors.js";
import { ANSWER_END, type Frame, LIVE_UPDATE, type UpdateFlags } from "./frames.js";

const MESSAGE_SYNC = 0;
const MESSAGE_AWARENESS = 1;
const MESSAGE_AUTH = 2;
const MESSAGE_QUERY_AWARENESS = 3;

/**
 * Reads one message of a stock client as the frame that means the same: step 1 is a vector, step 2 the end of an
 * answer, update a live update. Awareness and its query give undefined.
 * @throws ChorusError too-large above `maxBytes`, protocol for anything that is not exactly a known message
 */
export function decodeStockMessage(message: Uint8Array, maxBytes: number): Frame | undefined {
  if (message.length > maxBytes) {
    throw new ChorusError(
      "too-large",
      `a message of ${message.length} bytes exceeds the limit of ${maxBytes}`,
    );
  }
  try {
    return read(message);
  } catch (error) {
    if (error instanceof ChorusError) throw error;
    throw new ChorusError("protocol", "malformed message of a stock client", { cause: error });
  }
}

function read(message: Uint8Array): Frame | undefined {
  const decoder = createDecoder(message);
  const type = readVarUint(decoder);
  if (type === MESSAGE_AWARENESS || type === MESSAGE_QUERY_AWARENESS) return undefined;
  if (type === MESSAGE_AUTH) throw malformed("clients do not send auth messages");
  if (type !== MESSAGE_SYNC) throw malformed("its type is unknown");
  const step = readVarUint(decoder);
  // The reader checks nothing: a length may come out as Infinity or reach over the end.
  const bytes = readVarUint8Array(decoder);
  if (decoder.pos !== message.length) throw malformed("bytes follow it");
  switch (step) {
    case messageYjsSyncStep1:
      return { kind: "vector", bytes };
    case messageYjsSyncStep2:
      return { kind: "update", bytes, flags: ANSWER_END };
    case messageYjsUpdate:
      return { kind: "update", bytes, flags: LIVE_UPDATE };
    default:
      throw malformed("its sync step is unknown");
  }
}

/** Step 1: asks for what the encoded state vector lacks. */
export function encodeStockVector(vector: Uint8Array): Uint8Array {
  return encodeSync(messageYjsSyncStep1, vector);
}

/** The end of an answer is step 2, by which the client knows it is in sync; everything else is an update. */
export function encodeStockUpdate(update: Uint8Array, flags: UpdateFlags): Uint8Array {
  return encodeSync(flags === ANSWER_END ? messageYjsSyncStep2 : messageYjsUpdate, update);
}

/** Awareness of nobody: the smallest message, for clients that give up after 30 s without one. */
export function encodeStockHeartbeat(): Uint8Array {
  return new Uint8Array([MESSAGE_AWARENESS, 1, 0]);
}

function encodeSync(step: number, bytes: Uint8Array): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, MESSAGE_SYNC);
  writeVarUint(encoder, step);
  writeVarUint8Array(encoder, bytes);
  return toUint8Array(encoder);
}

function malformed(what: string): ChorusError {
  return new ChorusError("protocol", `malformed message of a stock client: ${what}`);
}
