// Brings what a store kept into the document: at once when it is whole, record by record when it is damaged. What is
// intact is kept; nothing is applied over a gap.
import type { SalvagedEntry } from "./document/salvage.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { inspectUpdate } from "./guard.js";
import type { RestoredState } from "./storage/channel-storage.js";

/** The origin of the transactions. */
const CAREFULLY_LOADED = { name: "carefully loaded" };

/** What loading found. */
export interface Loaded {
  /** Own entries behind a gap: to be written anew, with their stamps, where they win. */
  readonly salvaged: readonly SalvagedEntry[];
  /** Updates that could not be applied whole. */
  readonly unusable: number;
}

/** Never throws: what cannot be read counts as unusable. @param isOwn whether a session is one of this replica */
export function loadDocument(
  document: SegmentDocument,
  restored: RestoredState,
  isOwn: (session: number) => boolean,
): Loaded {
  const updates = [...restored.snapshot, ...restored.updates];
  if (!restored.isDamaged && document.load(updates)) {
    return { salvaged: [], unusable: 0 };
  }
  const left = applyInOrder(document, updates);
  const salvaged = document.salvage(left, isOwn);
  return { salvaged, unusable: left.length };
}

/** Applies what can be applied, until nothing more can. @returns the rest */
function applyInOrder(document: SegmentDocument, updates: readonly Uint8Array[]): Uint8Array[] {
  let waiting = [...updates];
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    waiting = waiting.filter((update) => !apply(document, update));
  }
  return waiting;
}

/** @returns whether nothing more is to be done with the update */
function apply(document: SegmentDocument, update: Uint8Array): boolean {
  try {
    const verdict = inspectUpdate(update, document);
    if (verdict.kind === "gap") return false;
    document.apply(update, CAREFULLY_LOADED);
    return true;
  } catch {
    return false;
  }
}
