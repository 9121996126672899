import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { Holder } from "../src/document/holder.js";
import type { SegmentDocument } from "../src/document/segment-document.js";
import { inspectUpdate } from "../src/guard.js";
import { readPlainUpdate } from "../src/plain-update.js";
import { forge, indexOf } from "./forged-updates.js";
import { openDocument } from "./open-document.js";
import { Chance, freshId, freshSeed } from "./replica.js";
import { structsOf } from "./structs-of.js";

const test = suite("forged structs", { deadlineMs: 30_000 });

test("become what Yjs makes of them, and nothing that a newcomer would refuse", () => {
  const chance = new Chance(freshSeed("forged structs"));
  let plain = 0;
  for (let round = 0; round < 400; round++) {
    const [reader, doc] = [openDocument(freshId()), new Y.Doc()];
    const sessions = [freshId(), freshId()];
    const applied: Uint8Array[] = [];
    for (let step = 0; step < 40; step++) {
      const update = forge(chance, { doc, session: chance.of(sessions) });
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
      const update = isOwn ? writeSome(reader, chance) : forge(chance, { doc, session: chance.of(sessions) });
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
