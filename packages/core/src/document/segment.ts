// A segment as the index sees it: an append-only part of the document that one session writes.
import type { SegmentView } from "../rules.js";

export class Segment implements SegmentView {
  readonly id: string;
  /** The session that writes it, or wrote it. */
  readonly session: number;
  owned: boolean;
  /** Its place among the segments of its session. */
  readonly number: number;
  /** The clock of the struct that made it; its entries come after. */
  readonly firstClock: number;
  /** Entries of it that the index holds. */
  held = 0;
  /** Those of them that stand below a higher entry of the same replica: they may go at any time. */
  covered = 0;
  /** How often an entry of another segment was put above one of it that stood first. */
  overtaken = 0;

  constructor(id: string, options: { session: number; owned: boolean; firstClock: number }) {
    this.id = id;
    this.number = segmentNumber(id);
    this.session = options.session;
    this.owned = options.owned;
    this.firstClock = options.firstClock;
  }

  /** Entries that would have to move if the segment were cleaned. */
  get live(): number {
    return this.held - this.covered;
  }
}

/** The number after the dot of a segment's id, its place among the segments of its session. */
function segmentNumber(id: string): number {
  return Number(id.slice(id.indexOf(".") + 1));
}

/** The session before the dot of a segment's id, or undefined when it is no id of ours. */
export function sessionOfSegment(id: string): number | undefined {
  const match = /^(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})$/.exec(id);
  const session = Number(match?.[1]);
  return match && Number.isSafeInteger(session) ? session : undefined;
}
