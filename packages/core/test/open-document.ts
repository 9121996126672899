// A segments document without a channel, for tests that look at its structs and its index.
import type * as Y from "yjs";
import { SegmentDocument } from "../src/document/segment-document.js";

/** A document that throws whatever goes wrong in it. @param doc given to it; by default it has one of its own */
export function openDocument(sessionId: number, doc?: Y.Doc): SegmentDocument {
  return new SegmentDocument({
    sessionId,
    signature: () => [`replica of ${sessionId}`],
    onWinner: () => undefined,
    onHolders: () => undefined,
    onFailure: (error) => {
      throw error;
    },
    ...(doc && { doc }),
  });
}
