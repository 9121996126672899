import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { Channel } from "../src/index.js";
import { Holder } from "../src/document/holder.js";
import { ROOT, SegmentDocument, type SegmentDocumentOptions } from "../src/document/segment-document.js";
import { encodeDeletions } from "../src/document/update-slices.js";
import { storedAs } from "./held-storage.js";
import { Chance, freshId, freshSeed, ManualRuntime, Replica } from "./replica.js";

const test = suite("segment document", { deadlineMs: 20_000 });

interface Opened {
  document: SegmentDocument;
  /** Keys whose winner changed, with the texts before and after. */
  winners: [key: string, before: string | undefined, after: string | undefined][];
  holders: string[];
  failures: unknown[];
}

function open(options: Partial<SegmentDocumentOptions> = {}): Opened {
  const winners: Opened["winners"] = [];
  const holders: string[] = [];
  const failures: unknown[] = [];
  const document = new SegmentDocument({
    sessionId: freshId(),
    signature: () => ["tested"],
    onWinner: (key, before, after) => winners.push([key, before?.json, after?.json]),
    onHolders: (key) => holders.push(key),
    onFailure: (error) => failures.push(error),
    ...options,
  });
  return { document, winners, holders, failures };
}

function write(
  document: SegmentDocument,
  ...entries: [key: string, stamp: number, json?: string][]
): Uint8Array {
  const pending = entries.map(([key, stamp, json]) => {
    const holder = new Holder(document.pendingSegment, stamp, json);
    const winner = document.index.put(key, holder);
    return { key, holder, winner, replaces: true };
  });
  return document.write(pending);
}

/** The index must say what a new one, made from the document alone, says. */
function assertIndexTrue(document: SegmentDocument): void {
  const { document: fresh } = open({ doc: document.doc, sessionId: document.ownSession });
  assert.is(document.index.digest, fresh.index.digest);
  assert.is(document.index.size, fresh.index.size);
  assert.is(document.index.holders, fresh.index.holders);
  // Of two equal entries either may stand first.
  const live = (of: SegmentDocument) => [...of.segments].reduce((sum, segment) => sum + segment.live, 0);
  assert.is(live(document), live(fresh));
  const held = (of: SegmentDocument) =>
    [...of.segments].map(({ id, held, firstClock }) => [id, held, firstClock]).sort();
  assert.equal(held(document), held(fresh));
}

test("writes the format that docs/document.md describes", () => {
  const { document } = open({ sessionId: 2 ** 53 - 1 });
  write(document, ["k", 5, '{"a":1}'], ["gone", 6]);
  document.seal();
  write(document, ["k", 7, "2"]);
  const plain = new Y.Doc();
  Y.applyUpdate(plain, document.encode());
  assert.equal(plain.getMap(ROOT).toJSON(), {
    "9007199254740991.0": { "": [0, '["tested"]'], k: [5, '{"a":1}'], gone: [6] },
    "9007199254740991.1": { "": [0, '["tested"]'], k: [7, "2"] },
  });
});

test("gives each write as one update that makes another document the same", () => {
  const { document: a } = open();
  const { document: b } = open();
  for (const update of [write(a, ["x", 1, "1"], ["y", 2, "2"]), write(a, ["x", 3, "3"], ["y", 4])])
    b.apply(update, {});
  assert.is(b.index.digest, a.index.digest);
  assert.equal(b.vector(), a.vector());
  assert.is(b.index.winner("y")?.json, undefined);
  assertIndexTrue(b);
});

test("lets a pending entry take the place of the one its segment held", () => {
  const { document } = open();
  write(document, ["k", 1, "1"]);
  write(document, ["k", 2, "2"]);
  assert.is(document.index.holders, 1);
  assert.equal([document.pendingSegment.held, document.pendingSegment.covered], [0, 0]);
  assertIndexTrue(document);
});

test("reads a document that was there before, and goes on writing in it", () => {
  const { document: provider } = open();
  write(provider, ["k", 1, '"old"'], ["other", 1, "1"]);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, provider.encode());
  const { document, winners, holders } = open({ doc });
  assert.is(document.doc, doc);
  assert.is(document.index.size, 2);
  assert.equal(winners.length, 2);
  assert.equal(holders.sort(), ["k", "other"]);
  write(document, ["k", 2, '"new"']);
  provider.apply(Y.encodeStateAsUpdate(doc), {});
  assert.is(provider.index.winner("k")?.json, '"new"');
  assertIndexTrue(document);
});

test("follows what a provider applies to its Y.Doc behind its back, in whatever transactions", () => {
  const { document: remote } = open();
  const doc = new Y.Doc();
  const { document } = open({ doc });
  const first = write(remote, ["k", 1, "1"]);
  const second = write(remote, ["k", 2, "2"], ["l", 2, "2"]);
  doc.transact(() => {
    Y.applyUpdate(doc, first, "provider");
    Y.applyUpdate(doc, second, "provider");
  });
  assert.is(document.index.digest, remote.index.digest);
  assertIndexTrue(document);
});

test("makes a channel over a document that has content already", () => {
  const before = new Replica();
  const other = new Replica({ wall: 50 });
  before.set("mine", 1);
  other.set("k", 1);
  other.syncTo(before);
  before.delete("k");
  const doc = new Y.Doc();
  for (const update of before.state()) Y.applyUpdate(doc, update);
  const channel = new Channel({
    name: "test",
    runtime: new ManualRuntime(60, freshId()),
    storage: storedAs([], [{ sessionId: before.channel.sessionId, complete: false }]),
    createDocument: (options) => new SegmentDocument({ ...options, doc }),
  });
  assert.equal([...channel.entries()], [["mine", 1]]);
  assert.is(channel.contentHash(), before.channel.contentHash());
  channel.replication.markSynced();
  assert.ok(channel.stats().keysToSweep > 0);
});

test("goes on with the next number when segments of its session are there already", () => {
  const { document: first } = open({ sessionId: 77 });
  write(first, ["a", 1, "1"]);
  first.seal();
  write(first, ["b", 2, "2"]);
  const { document } = open({ sessionId: 77, doc: first.doc });
  write(document, ["c", 3, "3"]);
  assert.equal([...document.segments].map(({ id }) => id).sort(), ["77.0", "77.1", "77.2"]);
});

test("ignores what is no segment and no entry of ours, and stays usable", () => {
  const doc = new Y.Doc();
  const root = doc.getMap<unknown>(ROOT);
  root.set("plain", 1);
  root.set("1.x", new Y.Map());
  root.set("5.0", new Y.Array());
  const strange = new Y.Map<unknown>([
    ["text", "text"],
    ["empty", []],
    ["stampless", ["1", "1"]],
    ["number", [1, 2]],
    ["", [0]],
    ["good", [1, "1"]],
  ]);
  root.set("6.0", strange);
  const { document, failures } = open({ doc });
  assert.equal(
    [...document.index.entries()].map(([key]) => key),
    ["good"],
  );
  const { document: live } = open();
  live.apply(Y.encodeStateAsUpdate(doc), {});
  assert.equal(
    [...live.index.entries()].map(([key]) => key),
    ["good"],
  );
  write(live, ["k", 9, "1"]);
  assert.equal(failures, []);
});

/** A document whose listener throws while it is broken. */
function openWithListener() {
  const failures: unknown[] = [];
  const listener = { isBroken: false };
  const { document } = open({
    onWinner: () => {
      if (listener.isBroken) throw new Error("broken");
    },
    onFailure: (error) => failures.push(error),
  });
  return { document, failures, listener };
}

test("hands what a listener throws to the failure handler, and leaves Yjs usable", () => {
  const { document, failures, listener } = openWithListener();
  listener.isBroken = true;
  const { document: remote } = open();
  document.apply(write(remote, ["k", 1, "1"]), {});
  assert.is((failures[0] as Error).message, "broken");
  listener.isBroken = false;
  document.apply(write(remote, ["l", 2, "2"]), {});
  assert.is(document.index.winner("l")?.json, "2");
  write(document, ["m", 3, "3"]);
  assert.equal(document.vector().size, 2);
});

test("settles deferred removals to the end although a listener throws", () => {
  const { document, failures, listener } = openWithListener();
  const { document: remote } = open();
  document.apply(write(remote, ["k", 1, "1"], ["l", 2, "2"]), {});
  const relocations = ["k", "l"].map((key) => ({
    key,
    holder: remote.index.winner(key) as Holder,
    moves: false,
  }));
  document.removals.begin();
  document.apply(remote.relocate(relocations), {});
  listener.isBroken = true;
  assert.ok(document.removals.settle(() => false));
  assert.is(failures.length, 2);
  listener.isBroken = false;
  assert.is(document.index.winner("k"), undefined);
  assert.is(document.index.winner("l"), undefined);
});

test("says whether an update deleted what was not deleted before", () => {
  const { document: a } = open();
  const { document: b } = open();
  assert.not(b.apply(write(a, ["k", 1, "1"]), {}));
  const overwrite = write(a, ["k", 2, "2"]);
  assert.ok(b.apply(overwrite, {}));
  assert.not(b.apply(overwrite, {}));
  const holder = a.index.winner("k") as Holder;
  const drop = a.relocate([{ key: "k", holder, moves: false }]);
  assert.ok(b.apply(drop, {}));
  assert.is(b.index.holders, 0);
  assertIndexTrue(b);
});

test("moves and deletes in one transaction, without telling anybody of a change", () => {
  const { document: a, winners } = open();
  const { document: b, winners: remote } = open();
  b.apply(write(a, ["k", 1, "1"], ["l", 2, "2"]), {});
  const [segment] = [...a.segments];
  a.seal();
  winners.length = 0;
  remote.length = 0;
  const moves = ["k", "l"].map((key) => ({ key, holder: a.index.winner(key) as Holder, moves: true }));
  const update = a.relocate(moves, segment);
  b.apply(update, {});
  assert.equal([winners, remote], [[], []]);
  assert.is([...b.segments].length, 1);
  assert.is(b.index.digest, a.index.digest);
  assertIndexTrue(a);
  assertIndexTrue(b);
});

/** An update that deletes structs of a session, as somebody forges it, or a replica that took the session over. */
function deletion(session: number, clock: number): Uint8Array {
  return encodeDeletions([[session, [{ clock, len: 1 }]]]);
}

test("goes on in a new segment when a peer has deleted the current one, also while removals are deferred", () => {
  for (const given of [undefined, new Y.Doc()]) {
    for (const isDeferred of [false, true]) {
      const { document } = open(given && { doc: new Y.Doc() });
      write(document, ["k", 1, "1"]);
      if (isDeferred) document.removals.begin();
      document.apply(deletion(document.ownSession, 0), {});
      write(document, ["k", 2, "2"], ["l", 3, "3"]);
      document.removals.settle(() => false);
      assert.equal(
        [...document.segments].map(({ number }) => number),
        [1],
      );
      assert.is(document.index.winner("k")?.json, "2");
      assertIndexTrue(document);
    }
  }
});

test("keeps one entry of a key for a segment when a peer has deleted what a write replaces", () => {
  const { document } = open();
  write(document, ["other", 1, "1"], ["k", 2, "2"]);
  document.removals.begin();
  document.apply(deletion(document.ownSession, 3), {});
  write(document, ["k", 3, "3"]);
  document.removals.settle(() => false);
  assert.is(document.index.holders, 2);
  assertIndexTrue(document);
});

test("takes what is left in a segment out of the index when it is deleted, here and at a peer", () => {
  const { document: a } = open();
  const { document: b } = open();
  b.apply(write(a, ["left", 1, "1"], ["below", 1, "1"]), {});
  const [segment] = [...a.segments];
  a.seal();
  b.apply(write(a, ["below", 2, "2"]), {});
  b.apply(a.relocate([], segment), {});
  for (const document of [a, b]) {
    assert.is(document.index.winner("left"), undefined);
    assert.is(document.index.winner("below")?.json, "2");
    assert.is(document.index.holders, 1);
    assertIndexTrue(document);
  }
});

test("keeps the index true when a segment comes and goes in one update", () => {
  const { document: a } = open();
  write(a, ["k", 1, "1"]);
  const [segment] = [...a.segments];
  a.seal();
  write(a, ["l", 2, "2"]);
  a.relocate([], segment);
  const { document: b, winners } = open();
  b.apply(a.encode(), {});
  assert.equal(winners, [["l", undefined, "2"]]);
  assertIndexTrue(b);
});

test("loads updates in any order in one go", () => {
  const chance = new Chance(freshSeed("load"));
  const a = new Replica({ cleaning: { minIdleDead: 4, moveBatch: 2 } });
  for (let i = 0; i < 40; i++) {
    a.set(`k${i % 5}`, i);
    if (i % 8 === 7) a.sweep({ idle: true });
  }
  for (let run = 0; run < 10; run++) {
    const { document } = open();
    document.load(chance.shuffled(a.sent));
    assert.is(document.index.digest, a.channel.replication.digest());
    assertIndexTrue(document);
  }
});

test("loads 100,000 keys and finds them all", () => {
  const { document: a } = open();
  const updates: Uint8Array[] = [];
  for (let i = 0; i < 100_000; i += 2_000) {
    const entries = Array.from(
      { length: 2_000 },
      (_, j) => [`key ${i + j}`, i + j, `${j}`] as [string, number, string],
    );
    updates.push(write(a, ...entries));
  }
  const { document: b, winners } = open();
  b.load(updates);
  assert.is(b.index.size, 100_000);
  assert.is(winners.length, 100_000);
  assert.is(b.index.digest, a.index.digest);
  assert.is(b.index.winner("key 99999")?.json, "1999");
});

test("keeps strange keys apart", () => {
  const { document: a } = open();
  const keys = ["__proto__", "constructor", "toString", "😀", "\0", " ", "channel", "1.0", "é", "e\u0301"];
  const update = write(a, ...keys.map((key, i) => [key, i, `${i}`] as [string, number, string]));
  const { document: b } = open();
  b.apply(update, {});
  for (const [i, key] of keys.entries()) assert.is(b.index.winner(key)?.json, `${i}`);
  assert.equal([...b.keysOf([...b.segments][0] as never)].sort(), [...keys].sort());
});

test("keeps the index true over random writes, moves, drops and deletions on both sides", () => {
  const chance = new Chance(freshSeed("index against document"));
  for (let run = 0; run < 10; run++) {
    const cleaning = {
      minIdleDead: 4,
      minSegmentStructs: 8,
      maxSegmentStructs: 8,
      moveBatch: 1 + chance.below(3),
    };
    const documents: SegmentDocument[] = [];
    const createDocument = (options: SegmentDocumentOptions): SegmentDocument => {
      const document = new SegmentDocument(options);
      documents.push(document);
      return document;
    };
    const replicas = [1, 2].map((wall) => new Replica({ wall, cleaning, createDocument }));
    for (let step = 0; step < 80; step++) {
      const [from, to] = chance.shuffled(replicas) as [Replica, Replica];
      const key = `k${chance.below(6)}`;
      if (chance.below(3)) from.set(key, step);
      else from.channel.delete(key);
      from.runtime.turn();
      if (chance.below(2))
        from.channel.maintain({ idle: chance.below(2) === 0, dropBatch: 1 + chance.below(3) });
      if (chance.below(4) === 0) from.syncTo(to);
      if (step % 8 === 0) for (const document of documents) assertIndexTrue(document);
    }
  }
});
