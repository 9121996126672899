// State vectors: how many structs of each session a replica has. Read and written here, not by Yjs, because its
// reader believes whatever varints it is sent (docs/document.md, "the guard").
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { ChorusError } from "./errors.js";

/** Session id to the number of its structs that are known, all of them from the first. */
export type StateVector = ReadonlyMap<number, number>;

/** The bytes Yjs uses: the number of sessions, then session and clock of each, as varints. */
export function encodeStateVector(vector: StateVector): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, vector.size);
  for (const [session, clock] of vector) {
    writeVarUint(encoder, session);
    writeVarUint(encoder, clock);
  }
  return toUint8Array(encoder);
}

/** @throws ChorusError protocol for bytes that are not a state vector, whole and nothing else */
export function decodeStateVector(bytes: Uint8Array): Map<number, number> {
  const vector = new Map<number, number>();
  let position = 0;
  const readVarUint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[position++];
      if (byte === undefined || factor > 2 ** 49) throw malformed();
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    if (!Number.isSafeInteger(value)) throw malformed();
    return value;
  };
  for (let left = readVarUint(); left > 0; left--) {
    const session = readVarUint();
    if (vector.has(session)) throw malformed();
    vector.set(session, readVarUint());
  }
  if (position !== bytes.length) throw malformed();
  return vector;
}

/** Whether `vector` knows structs that `other` does not. */
export function isAhead(vector: StateVector, other: StateVector): boolean {
  for (const [session, clock] of vector) {
    if (clock > (other.get(session) ?? 0)) return true;
  }
  return false;
}

/** Whether both know exactly the same structs. */
export function isEqual(a: StateVector, b: StateVector): boolean {
  return !isAhead(a, b) && !isAhead(b, a);
}

function malformed(): ChorusError {
  return new ChorusError("protocol", "malformed state vector");
}
