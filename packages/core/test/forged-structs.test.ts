import { assert, suite } from "@chorus/testing";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { Holder } from "../src/document/holder.js";
import type { SegmentDocument } from "../src/document/segment-document.js";
import { inspectUpdate } from "../src/guard.js";
import { readPlainUpdate } from "../src/plain-update.js";
import { openDocument } from "./open-document.js";
import { Chance, freshId, freshSeed } from "./replica.js";
import { structsOf } from "./structs-of.js";

const test = suite("forged structs", { deadlineMs: 30_000 });

const SEGMENT = 0x27;
const FIRST = 0x28;
const FOLLOWER = 0xa8;

type Struct =
  | { readonly info: typeof SEGMENT; readonly id: string }
  | { readonly info: typeof FIRST; readonly parent: number; readonly key: string; readonly stamp: number }
  | { readonly info: typeof FOLLOWER; readonly origin: number; readonly stamp: number };

interface Forged {
  readonly session: number;
  readonly clock: number;
  readonly structs: readonly Struct[];
  /** [session, [clock, length][]] */
  readonly deletions?: readonly (readonly [number, readonly (readonly [number, number])[]])[];
}

/** The bytes of an update of our kind, with whatever it says. */
function encode({ session, clock, structs, deletions = [] }: Forged): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const number of [1, structs.length, session, clock]) encoding.writeVarUint(encoder, number);
  for (const struct of structs) writeStruct(encoder, session, struct);
  encoding.writeVarUint(encoder, deletions.length);
  for (const [deleter, ranges] of deletions) {
    encoding.writeVarUint(encoder, deleter);
    encoding.writeVarUint(encoder, ranges.length);
    for (const range of ranges) for (const number of range) encoding.writeVarUint(encoder, number);
  }
  return encoding.toUint8Array(encoder);
}

function writeStruct(encoder: encoding.Encoder, session: number, struct: Struct): void {
  encoding.writeUint8(encoder, struct.info);
  if (struct.info === SEGMENT) {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, "channel");
    encoding.writeVarString(encoder, struct.id);
    encoding.writeVarUint(encoder, 1);
    return;
  }
  if (struct.info === FIRST) {
    for (const number of [0, session, struct.parent]) encoding.writeVarUint(encoder, number);
    encoding.writeVarString(encoder, struct.key);
  } else for (const number of [session, struct.origin]) encoding.writeVarUint(encoder, number);
  encoding.writeVarUint(encoder, 1);
  const { stamp } = struct;
  encoding.writeAny(
    encoder,
    struct.info === FIRST && struct.key === "" ? [0, '["x"]'] : stamp % 5 ? [stamp, "1"] : [stamp],
  );
}

/** What the index says of every key and segment. */
function indexOf({ index, segments }: SegmentDocument): unknown {
  return {
    digest: index.digest,
    holders: index.holders,
    size: index.size,
    segments: [...segments]
      .map(({ id, held, covered, firstClock }) => [id, held, covered, firstClock])
      .sort(),
  };
}

/** An update of a session that is well formed, and mostly follows the rules. */
function forge(chance: Chance, doc: Y.Doc, session: number): Uint8Array {
  const known = Y.getState(doc.store, session);
  const other = chance.of([...doc.store.clients.keys(), session]);
  const structs: Struct[] = [];
  for (let left = 1 + chance.below(6); left > 0; left--) {
    const below = known + structs.length;
    const stamp = 1 + chance.below(1000);
    const kind = known === 0 && structs.length === 0 ? 0 : chance.below(8);
    if (kind < 2) structs.push({ info: SEGMENT, id: `${session}.${chance.below(12)}` });
    else if (kind < 5) {
      const begun = structs.flatMap(({ info }, i) => (info === SEGMENT ? [known + i] : []));
      const parents = (doc.store.clients.get(session) ?? []).flatMap((struct) =>
        struct instanceof Y.Item && struct.content instanceof Y.ContentType ? [struct.id.clock] : [],
      );
      const parent = chance.below(8) ? chance.of([...begun, ...parents, 0]) : chance.below(below + 2);
      structs.push({ info: FIRST, parent, key: chance.of(["", "a", "b", "c", "d", "e"]), stamp });
    } else structs.push({ info: FOLLOWER, origin: chance.below(below + 1), stamp });
  }
  const deletions: (readonly [number, (readonly [number, number])[]])[] = [];
  const sessions = new Set(chance.below(2) ? [session, other] : []);
  for (const deleter of sessions) {
    const ranges: (readonly [number, number])[] = [];
    const end = Y.getState(doc.store, deleter) + (chance.below(10) ? 0 : structs.length);
    for (let at = chance.below(5); at < end && ranges.length < 4; ) {
      const length = Math.min(1 + chance.below(4), Math.max(end - at, 1));
      ranges.push([at, length]);
      at += length + chance.below(6);
    }
    if (ranges.length > 0) deletions.push([deleter, ranges]);
  }
  return encode({ session, clock: known, structs, deletions });
}

test("become what Yjs makes of them, and nothing that a newcomer would refuse", () => {
  const chance = new Chance(freshSeed("forged structs"));
  let plain = 0;
  for (let round = 0; round < 400; round++) {
    const [reader, doc] = [openDocument(freshId()), new Y.Doc()];
    const sessions = [freshId(), freshId()];
    const applied: Uint8Array[] = [];
    for (let step = 0; step < 40; step++) {
      const update = forge(chance, doc, chance.of(sessions));
      let verdict: ReturnType<typeof inspectUpdate> | undefined;
      try {
        verdict = inspectUpdate(update, reader);
      } catch {}
      const { structs } = reader;
      const run = structs && readPlainUpdate(update, structs);
      if (run) {
        assert.is(verdict?.kind, "accepted", `plain, and not for the guard: ${update}`);
        plain++;
        reader.integrate(run);
      } else if (verdict?.kind === "accepted") reader.apply(update, {});
      else continue;
      applied.push(update);
      Y.applyUpdate(doc, update);
      assert.equal(structsOf(reader.doc), structsOf(doc));
    }
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    assert.equal(indexOf(reader), indexOf(openDocument(freshId(), copy)));
    assert.is(inspectUpdate(reader.encode(), openDocument(freshId())).kind, "accepted");
  }
  assert.ok(plain > 1000, `${plain} were plain`);
});

/** Writes some keys as a channel does. */
function writeSome(document: SegmentDocument, chance: Chance): Uint8Array {
  const keys = chance.shuffled(["a", "b", "c", "d", "e"]).slice(0, 1 + chance.below(3));
  const pending = keys.map((key) => {
    const stamp = 1 + Math.max(document.index.winner(key)?.stamp ?? 0, chance.below(1000));
    const holder = new Holder(document.pendingSegment, stamp, chance.below(4) ? "2" : undefined);
    return { key, holder, winner: document.index.put(key, holder), replaces: true };
  });
  return document.write(pending);
}

test("leave the index true while they delete what is written here, and removals are deferred", () => {
  const chance = new Chance(freshSeed("forged deletions"));
  for (let round = 0; round < 300; round++) {
    const [reader, doc] = [openDocument(freshId()), new Y.Doc()];
    const sessions = [freshId(), freshId()];
    for (let step = 0; step < 40; step++) {
      if (chance.below(10) === 0) reader.seal();
      if (chance.below(5) === 0) reader.removals.begin();
      if (chance.below(5) === 0) reader.removals.settle(() => false);
      const isOwn = chance.below(3) === 0;
      const update = isOwn ? writeSome(reader, chance) : forge(chance, doc, chance.of(sessions));
      const { structs } = reader;
      const run = isOwn ? undefined : structs && readPlainUpdate(update, structs);
      if (run) reader.integrate(run);
      else if (!isOwn) {
        try {
          if (inspectUpdate(update, reader).kind !== "accepted") continue;
        } catch {
          continue;
        }
        reader.apply(update, {});
      }
      Y.applyUpdate(doc, update);
      assert.equal(structsOf(reader.doc), structsOf(doc));
    }
    reader.removals.settle(() => false);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    assert.equal(indexOf(reader), indexOf(openDocument(reader.ownSession, copy)));
    assert.is(reader.pendingSegment.held, 0);
  }
});
