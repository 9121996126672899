// Who wrote which session: every segment carries the replicaId of its writer, and the ids of the replicas that this one
// has retired, in the entry under the reserved key. Kept here as plain maps; what follows from it is not decided here.
import { parseValue } from "../value.js";

/** The key of the entry that signs a segment and gives a deleting transaction a struct of its own; no user key is empty. */
export const MARKER_KEY = "";

/** A writer and the replicas that it has retired, from the oldest on. */
export type Signature = readonly [replicaId: string, ...retired: string[]];

/** What stands in the document for a signature: an entry whose stamp never counts. */
export function markerOf(signature: Signature): unknown[] {
  return [0, JSON.stringify(signature)];
}

export class Signatures {
  /** Session to its signature, the one in its newest segment. */
  readonly #signatures = new Map<number, { segmentNumber: number; signature: Signature }>();
  readonly #onSigned: (sessionId: number) => void;

  /** @param onSigned called when a session is signed for the first time, or in another way than before */
  constructor(onSigned: (sessionId: number) => void) {
    this.#onSigned = onSigned;
  }

  /** Reads the marker of a segment; anything else than a signature is ignored. */
  note(segment: { session: number; number: number }, marker: unknown): void {
    const signature = signatureOf(marker);
    const before = this.#signatures.get(segment.session);
    if (!signature || (before && before.segmentNumber > segment.number)) return;
    this.#signatures.set(segment.session, { segmentNumber: segment.number, signature });
    if (before?.signature.join("\n") !== signature.join("\n")) this.#onSigned(segment.session);
  }

  of(sessionId: number): Signature | undefined {
    return this.#signatures.get(sessionId)?.signature;
  }

  /** The sessions whose latest signature is of this replica. */
  sessionsOf(replicaId: string): number[] {
    const sessions: number[] = [];
    for (const [sessionId, { signature }] of this.#signatures) {
      if (signature[0] === replicaId) sessions.push(sessionId);
    }
    return sessions;
  }

  /** Every replica that somebody has retired. */
  retired(): Set<string> {
    const retired = new Set<string>();
    for (const { signature } of this.#signatures.values()) {
      for (const replicaId of signature.slice(1)) retired.add(replicaId);
    }
    return retired;
  }
}

function signatureOf(marker: unknown): Signature | undefined {
  const json: unknown = Array.isArray(marker) ? marker[1] : undefined;
  if (typeof json !== "string") return undefined;
  const ids: unknown = parseValue(json);
  const isSignature = Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === "string");
  return isSignature ? (ids as unknown as Signature) : undefined;
}
