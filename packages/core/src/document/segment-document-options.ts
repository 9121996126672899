// What a segments document needs of its channel.
import type * as Y from "yjs";
import type { DocumentRules } from "../rules.js";
import type { HoldersListener, WinnerListener } from "./entry-index.js";
import type { Signature } from "./signatures.js";

export interface SegmentDocumentOptions {
  /** This session's id: 53 bits, fresh, never used before by anybody. */
  sessionId: number;
  onWinner: WinnerListener;
  /** A key's holders changed by what a peer wrote, or by a move; it may have something to drop now. */
  onHolders: HoldersListener;
  /** Something that a handler of Yjs threw; it must not reach Yjs, which would be left unusable. */
  onFailure: (error: unknown) => void;
  /** How this session signs its segments from now on. */
  signature: () => Signature;
  /** A session was signed, for the first time or anew; in the middle of reading an update: must not write. */
  onSigned?: (sessionId: number) => void;
  /** Default: a new document, garbage collected. */
  doc?: Y.Doc;
  /** Default: the rules. The simulation plants faults here. */
  rules?: DocumentRules;
}
