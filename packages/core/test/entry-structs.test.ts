import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { EntryBytes } from "../src/document/entry-bytes.js";
import { Holder } from "../src/document/holder.js";
import type { SegmentDocument } from "../src/document/segment-document.js";
import { inspectUpdate } from "../src/guard.js";
import { readPlainUpdate } from "../src/plain-update.js";
import { MAX_STAMP } from "../src/stamp.js";
import { openDocument } from "./open-document.js";
import { Chance, freshId, freshSeed } from "./replica.js";
import { structsOf } from "./structs-of.js";

const test = suite("entry structs", { deadlineMs: 30_000 });

type Written = readonly [key: string, stamp: number, json: string | undefined];

function write(document: SegmentDocument, entries: readonly Written[]): Uint8Array {
  const pending = entries.map(([key, stamp, json]) => {
    const holder = new Holder(document.pendingSegment, stamp, json);
    return { key, holder, winner: document.index.put(key, holder), replaces: true };
  });
  return document.write(pending);
}

/** Applies it as a channel does: past Yjs where it is plain. @returns whether it was */
function receive(document: SegmentDocument, update: Uint8Array): boolean {
  assert.is(inspectUpdate(update, document).kind, "accepted");
  const plain = document.structs && readPlainUpdate(update, document.structs);
  if (plain) document.integrate(plain);
  else document.apply(update, {});
  return plain !== undefined;
}

/** Moves and drops some of the same entries in both, and perhaps empties the same sealed segment. @returns the updates */
function relocate(chance: Chance, ...documents: [SegmentDocument, SegmentDocument]): Uint8Array[] {
  const [writer] = documents;
  const updates: Uint8Array[] = [];
  const sealed = [...writer.segments].filter((segment) => segment !== writer.current);
  const emptied = chance.below(3) === 0 && sealed.length > 0 ? chance.of(sealed).id : undefined;
  const picked = new Set<string>();
  const picks = [...writer.segments].flatMap((segment) =>
    [...writer.keysOf(segment)]
      .filter(
        (key) => (emptied === segment.id || chance.below(20) === 0) && !picked.has(key) && picked.add(key),
      )
      .map((key) => ({ key, id: segment.id, moves: segment !== writer.current && chance.below(2) === 0 })),
  );
  if (picks.length === 0 && emptied === undefined) return [];
  for (const document of documents) {
    const segmentOf = (id: string) => [...document.segments].find((segment) => segment.id === id);
    const relocations = picks.flatMap(({ key, id, moves }) => {
      const segment = segmentOf(id);
      const holder = segment && document.index.find(key, segment);
      // What the current segment holds of the key is never overwritten by a move.
      const isFree = !moves || !document.current || !document.index.find(key, document.current);
      return holder ? [{ key, holder, moves: moves && isFree }] : [];
    });
    const update = document.relocate(relocations, emptied === undefined ? undefined : segmentOf(emptied));
    if (document === writer) updates.push(update);
  }
  return updates;
}

const STAMPS = [0, 63, 64, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1, MAX_STAMP];
const TEXTS = ["0", '"é"', `"${"x".repeat(200)}"`, '"😀"', "[1,2,{}]", `"${"ж".repeat(70)}"`];

/** Entries of different keys, with stamps above all that were given before. */
function randomEntries(chance: Chance, keys: readonly string[], above: number): Written[] {
  const chosen = chance.shuffled(keys).slice(0, 1 + chance.below(keys.length));
  const first = Math.max(above, chance.of(STAMPS) % 2 ** 41) + 1;
  return chosen.map((key, i) => [key, first + i, chance.below(5) === 0 ? undefined : chance.of(TEXTS)]);
}

test("makes the structs that Yjs makes, from the same bytes but for the delete set", () => {
  const chance = new Chance(freshSeed("entry structs"));
  const keys = ["k", "a longer key", "ключ", "😀", ...Array.from({ length: 20 }, (_, i) => `key:${i}`)];
  for (let round = 0; round < 60; round++) {
    const writer = openDocument(freshId());
    const reader = openDocument(freshId());
    const given = openDocument(writer.ownSession, new Y.Doc());
    const plain = new Y.Doc();
    let stamp = 0;
    for (let step = 0; step < 30; step++) {
      if (chance.below(8) === 0) {
        writer.seal();
        given.seal();
      }
      const entries = randomEntries(chance, chance.below(3) === 0 ? ["k"] : keys, stamp);
      stamp = entries.at(-1)?.[1] ?? stamp;
      const updates = [write(writer, entries)];
      write(given, entries);
      updates.push(...relocate(chance, writer, given));
      for (const update of updates) {
        assert.ok(receive(reader, update), "all that is written is plain");
        Y.applyUpdate(plain, update);
      }
    }
    const expected = structsOf(given.doc);
    assert.equal(structsOf(writer.doc), expected, "at the writer");
    assert.equal(structsOf(reader.doc), expected, "at a reader");
    assert.equal(structsOf(plain), expected, "at Yjs itself");
    assert.is(reader.index.digest, given.index.digest);
    assert.equal(reader.encode(), Y.encodeStateAsUpdate(plain));
  }
});

test("writes every stamp and text as lib0 does", () => {
  const session = 2 ** 53 - 1;
  for (const stamp of STAMPS) {
    for (const json of [...TEXTS, undefined]) {
      const doc = new Y.Doc();
      doc.clientID = session;
      const map = new Y.Map();
      doc.getMap("channel").set(`${session}.0`, map);
      let expected: Uint8Array | undefined;
      doc.on("update", (update: Uint8Array) => {
        expected = update;
      });
      map.set("ключ", json === undefined ? [stamp] : [stamp, json]);
      const update = new EntryBytes(session);
      update.first(0, "ключ", { stamp, json });
      assert.equal(
        update.finish({ clock: 1, structs: 1 }),
        new Uint8Array(expected ?? []),
        `${stamp} ${json}`,
      );
    }
  }
});

test("leaves to the guard whatever is not plain, and changes nothing", () => {
  const writer = openDocument(freshId());
  const updates = [
    write(writer, [
      ["a", 1, "1"],
      ["b", 2, "2"],
    ]),
    write(writer, [["a", 3, "3"]]),
  ];
  const reader = openDocument(freshId());
  const { structs } = reader;
  assert.ok(structs);
  assert.is(structs && readPlainUpdate(updates[1] as Uint8Array, structs), undefined, "over a gap");
  receive(reader, updates[0] as Uint8Array);
  assert.is(structs && readPlainUpdate(updates[0] as Uint8Array, structs), undefined, "known already");
  assert.is(
    writer.structs && readPlainUpdate(updates[1] as Uint8Array, writer.structs),
    undefined,
    "of the own session",
  );
  const [, news] = updates as [Uint8Array, Uint8Array];
  for (let end = 0; end < news.length; end++) {
    assert.is(structs && readPlainUpdate(news.subarray(0, end), structs), undefined, `cut at ${end}`);
  }
  const before = structsOf(reader.doc);
  const chance = new Chance(freshSeed("mutated plain updates"));
  for (let i = 0; i < 5_000; i++) {
    const mutated = news.slice();
    for (let changes = 1 + chance.below(3); changes > 0; changes--) {
      mutated[chance.below(mutated.length)] = chance.below(256);
    }
    const plain = structs && readPlainUpdate(mutated, structs);
    // What is plain the guard lets in too: it never is more lenient.
    if (plain) assert.is(inspectUpdate(mutated, reader).kind, "accepted");
  }
  assert.equal(structsOf(reader.doc), before);
});

test("takes forged updates only as the guard and Yjs do", () => {
  const chance = new Chance(freshSeed("forged plain updates"));
  const keys = ["k", "ключ", ...Array.from({ length: 6 }, (_, i) => `key:${i}`)];
  let plain = 0;
  for (let round = 0; round < 40; round++) {
    const writer = openDocument(freshId());
    const other = openDocument(writer.ownSession, new Y.Doc());
    const sent: Uint8Array[] = [];
    for (let stamp = 0, step = 0; step < 8; step++) {
      if (chance.below(3) === 0) for (const document of [writer, other]) document.seal();
      const entries = randomEntries(chance, keys, stamp);
      stamp = entries.at(-1)?.[1] ?? stamp;
      sent.push(write(writer, entries));
      write(other, entries);
      sent.push(...relocate(chance, writer, other));
    }
    const news = sent.pop() as Uint8Array;
    for (let i = 0; i < 60; i++) {
      const [reader, doc] = [openDocument(freshId()), new Y.Doc()];
      for (const update of sent) {
        receive(reader, update);
        Y.applyUpdate(doc, update);
      }
      const forged = news.slice();
      for (let changes = 1 + chance.below(2); changes > 0; changes--) {
        const at = chance.below(forged.length);
        forged[at] = chance.below(2) ? chance.below(256) : (forged[at] ?? 0) + (chance.below(2) ? 1 : -1);
      }
      const { structs } = reader;
      const run = structs && readPlainUpdate(forged, structs);
      if (!run) continue;
      plain++;
      const verdict = inspectUpdate(forged, reader);
      assert.ok(verdict.kind === "accepted", "plain, and not for the guard");
      assert.equal([...verdict.advanced], [[run.session, run.clock + run.structs.length]]);
      reader.integrate(run);
      Y.applyUpdate(doc, forged);
      assert.equal(structsOf(reader.doc), structsOf(doc));
      assert.is(reader.index.digest, openDocument(freshId(), doc).index.digest);
    }
  }
  assert.ok(plain > 100, `${plain} forged updates were plain`);
});
