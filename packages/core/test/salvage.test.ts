// What is read out of updates behind a gap in a store, where an update does not name all that it deletes.
import { assert, suite } from "@chorus/testing";
import { Holder } from "../src/document/holder.js";
import { SegmentDocument } from "../src/document/segment-document.js";
import type { Segment } from "../src/document/segment.js";
import { freshId } from "./replica.js";

const test = suite("salvage");

function open(sessionId: number): SegmentDocument {
  return new SegmentDocument({
    sessionId,
    signature: () => ["tested"],
    onWinner: () => undefined,
    onHolders: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
}

function write(
  document: SegmentDocument,
  ...[key, stamp, json]: [key: string, stamp: number, json?: string]
): Uint8Array {
  const holder = new Holder(document.pendingSegment, stamp, json);
  const winner = document.index.put(key, holder);
  return document.write([{ key, holder, winner, replaces: true }]);
}

function take(
  document: SegmentDocument,
  key: string,
  options: { moves: boolean; from?: Segment },
): Uint8Array {
  const { moves, from } = options;
  const holder = (from ? document.index.find(key, from) : document.index.winner(key)) as Holder;
  return document.relocate([{ key, holder, moves }]);
}

/** The keys that are salvaged of the updates after those that are known. */
function salvaged(
  writer: SegmentDocument,
  known: readonly Uint8Array[],
  left: readonly Uint8Array[],
): string[] {
  const document = open(freshId());
  document.load(known);
  return document.salvage(left, (session) => session === writer.ownSession).map(({ key }) => key);
}

test("leaves what a deleted segment covered where it was deleted, whose tombstone has gone since", () => {
  for (const isBegunBefore of [true, false]) {
    const writer = open(freshId());
    const known = [write(writer, "known", 1, "1")];
    if (!isBegunBefore) writer.seal();
    write(writer, "lost", 2, "1");
    const left = [
      write(writer, "gone", 3, "1"),
      write(writer, "gone", 4, "2"),
      write(writer, "here", 5, "1"),
    ];
    const full = writer.current;
    writer.seal();
    left.push(write(writer, "gone", 6), take(writer, "here", { moves: true }));
    left.push(writer.relocate([], full), take(writer, "gone", { moves: false }));
    assert.equal(salvaged(writer, known, left), ["here"]);
  }
});

test("keeps what was in a deleted segment when the record that moved it is lost", () => {
  const writer = open(freshId());
  const known = [write(writer, "known", 1, "1")];
  write(writer, "lost", 2, "1");
  const left = [write(writer, "here", 3, "1")];
  const full = writer.current;
  writer.seal();
  left.push(write(writer, "next", 4, "1"));
  take(writer, "here", { moves: true });
  left.push(writer.relocate([], full));
  assert.equal(salvaged(writer, known, left).sort(), ["here", "next"]);
});
