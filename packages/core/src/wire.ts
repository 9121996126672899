// The two dialects a connection can speak: our frames, and those of stock Yjs clients, which know vectors and updates
// only. A connection asks `isStock` before it sends anything else.
import { decodeFrame, encodeUpdate, encodeVector, type Frame, type UpdateFlags } from "./frames.js";
import { decodeStockMessage, encodeStockUpdate, encodeStockVector } from "./yjs-sync-codec.js";

export interface Wire {
  readonly isStock: boolean;
  /** @returns undefined for a message that means nothing to us. @throws ChorusError protocol, version, too-large */
  decode(frame: Uint8Array, maxBytes: number): Frame | undefined;
  encodeVector(vector: Uint8Array): Uint8Array;
  encodeUpdate(update: Uint8Array, flags: UpdateFlags): Uint8Array;
}

export const chorusWire: Wire = { isStock: false, decode: decodeFrame, encodeVector, encodeUpdate };

export const stockWire: Wire = {
  isStock: true,
  decode: decodeStockMessage,
  encodeVector: encodeStockVector,
  encodeUpdate: encodeStockUpdate,
};
