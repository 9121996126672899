// Writes updates by hand, right ones and wrong ones, struct by struct, for the tests of the guard.
import {
  type Encoder,
  createEncoder,
  toUint8Array,
  writeAny,
  writeUint8,
  writeVarString,
  writeVarUint,
} from "lib0/encoding";

type Writer = (encoder: Encoder, client: number) => void;

/** One client's block: its id, the first clock and the structs. */
export type Block = readonly [client: number, clock: number, ...structs: Writer[]];

/** One client's deletions as pairs of clock and length. */
export type Deletions = readonly [client: number, ...ranges: readonly (readonly [number, number])[]];

export function update(blocks: readonly Block[], deletions: readonly Deletions[] = []): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, blocks.length);
  for (const [client, clock, ...structs] of blocks) {
    for (const number of [structs.length, client, clock]) writeVarUint(encoder, number);
    for (const struct of structs) struct(encoder, client);
  }
  writeVarUint(encoder, deletions.length);
  for (const [client, ...ranges] of deletions) {
    for (const number of [client, ranges.length, ...ranges.flat()]) writeVarUint(encoder, number);
  }
  return toUint8Array(encoder);
}

export const collected =
  (length: number): Writer =>
  (encoder) => {
    writeUint8(encoder, 0);
    writeVarUint(encoder, length);
  };

/** A child of the root map. `type` 1 is a map; undefined is what a deleted segment leaves. */
export const segment =
  (id: string, type: number | undefined = 1, root = "channel"): Writer =>
  (encoder) => {
    writeUint8(encoder, type === undefined ? 0x21 : 0x27);
    writeVarUint(encoder, 1);
    writeVarString(encoder, root);
    writeVarString(encoder, id);
    writeVarUint(encoder, type ?? 1);
  };

/** A struct without an origin: the first of its key. */
export const first =
  (parent: number, key: string, content: Content): Writer =>
  (encoder, client) => {
    writeUint8(encoder, content.kind | 0x20);
    writeVarUint(encoder, 0);
    writeVarUint(encoder, content.session ?? client);
    writeVarUint(encoder, parent);
    writeVarString(encoder, key);
    content.write(encoder);
  };

/** A struct that follows another one of its key. */
export const after =
  (origin: number, content: Content, session?: number): Writer =>
  (encoder, client) => {
    writeUint8(encoder, content.kind | 0xa0);
    writeVarUint(encoder, session ?? client);
    writeVarUint(encoder, origin);
    content.write(encoder);
  };

export interface Content {
  readonly kind: number;
  /** Whose segment `first` names; default the client's own. */
  readonly session?: number;
  write(encoder: Encoder): void;
}

/** A ContentAny of these values; an entry of ours is one array. */
export const any = (...values: unknown[]): Content => ({
  kind: 8,
  write(encoder) {
    writeVarUint(encoder, values.length);
    for (const value of values) writeAny(encoder, value as string);
  },
});

export const entry = (...parts: unknown[]): Content => any(parts);

/** A ContentAny of these very bytes. */
export const raw = (...bytes: number[]): Content => ({
  kind: 8,
  write(encoder) {
    for (const byte of bytes) writeUint8(encoder, byte);
  },
});

export const deleted = (length: number): Content => ({
  kind: 1,
  write: (encoder) => writeVarUint(encoder, length),
});

/** A struct of these very bytes. */
export const bytes =
  (...values: number[]): Writer =>
  (encoder) =>
    raw(...values).write(encoder);
