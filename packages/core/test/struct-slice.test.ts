import { assert, suite } from "@chorus/testing";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { Holder } from "../src/document/holder.js";
import { cutStructs, type StructRange } from "../src/document/struct-slice.js";
import { Chance, freshSeed, Replica } from "./replica.js";

const test = suite("struct slice", { deadlineMs: 30_000 });

/** The same, every struct written by Yjs. */
function cutByYjs(range: StructRange, budgetBytes: number): { update: Uint8Array; end: number } {
  const { session, from, end } = range;
  const structs = [...range.structs];
  const first = Y.findIndexSS(structs, from);
  const encoder = new Y.UpdateEncoderV1();
  let next = first;
  for (; next < structs.length && encoding.length(encoder.restEncoder) < budgetBytes; next++) {
    const struct = structs[next] as Y.Item;
    if (struct.id.clock >= end) break;
    struct.write(encoder, next === first ? from - struct.id.clock : 0);
  }
  const update = encoding.createEncoder();
  for (const number of [1, next - first, session, from]) encoding.writeVarUint(update, number);
  encoding.writeUint8Array(update, encoder.toUint8Array());
  encoding.writeVarUint(update, 0);
  const last = structs[next - 1] as Y.Item;
  return { update: encoding.toUint8Array(update), end: last.id.clock + last.length };
}

/** Cuts all of a document both ways, from every clock. @returns how many structs were entries, and how many not */
function compare(doc: Y.Doc, budgets: readonly number[]): { entries: number; others: number } {
  const counts = { entries: 0, others: 0 };
  for (const [session, structs] of doc.store.clients) {
    for (const struct of structs) {
      const isEntry = struct instanceof Y.Item && (struct.content as unknown) instanceof Holder;
      counts[isEntry ? "entries" : "others"]++;
    }
    const last = structs.at(-1) as Y.Item;
    const length = last.id.clock + last.length;
    for (let from = 0; from < length; from++) {
      for (const budget of budgets) {
        const range = {
          session,
          structs,
          from,
          end: budget % 2 === 0 ? length : Math.ceil((from + length) / 2),
        };
        assert.equal(
          cutStructs(range, budget),
          cutByYjs(range, budget),
          `${session}:${from}, ${budget} bytes`,
        );
      }
    }
  }
  return counts;
}

test("gives the bytes that Yjs gives, of histories with everything in them", () => {
  const chance = new Chance(freshSeed("slices"));
  const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 16, moveBatch: 2 };
  const total = { entries: 0, others: 0 };
  for (let run = 0; run < 6; run++) {
    const peers = [1, 2 ** 32, 2 ** 40].map((wall) => new Replica({ wall, cleaning }));
    for (let i = 0; i < 120; i++) {
      const peer = chance.of(peers);
      if (chance.below(3))
        peer.set(`k${chance.below(12)}`, chance.of(["", "é", i, "v".repeat(chance.below(90))]));
      else peer.channel.delete(`k${chance.below(12)}`);
      peer.runtime.turn();
      if (chance.below(5) === 0) peer.channel.maintain({ idle: chance.below(2) === 0 });
      if (chance.below(6) === 0) peer.syncTo(chance.of(peers.filter((other) => other !== peer)));
    }
    for (const { document } of peers) {
      const { entries, others } = compare((document as { doc: Y.Doc }).doc, [1, 30, 101, 1_000_000]);
      total.entries += entries;
      total.others += others;
    }
  }
  assert.ok(total.entries > 100 && total.others > 100, JSON.stringify(total));
});

const TEXTS = [
  "",
  "plain",
  "é",
  "💛",
  "\ud800",
  "x".repeat(64),
  "x".repeat(65),
  "ü".repeat(90),
  "y".repeat(70_000),
];

test("gives the bytes that Yjs gives, of every length of id, text and stamp", () => {
  const stamps = [0, 63, 64, 2 ** 31 - 1, 2 ** 31, 2 ** 40, 2 ** 40 + 1, 2 ** 53 - 1];
  for (const session of [1, 127, 128, 2 ** 32, 2 ** 53 - 1]) {
    const doc = new Y.Doc();
    doc.clientID = session;
    const segment = new Y.Map<unknown>();
    doc.getMap("channel").set("segment", segment);
    const put = (key: string, stamp: number, json: string | undefined): void => {
      segment.set(key, "replaced");
      const item = segment._map.get(key) as Y.Item;
      item.content = new Holder(undefined as never, stamp, json) as never;
    };
    for (const key of TEXTS) for (const stamp of stamps) put(key, stamp, undefined);
    for (const json of TEXTS) put("k", 1, json);
    for (const [i, json] of TEXTS.entries()) put(`key ${i}`, 2 ** 45 + i, json);
    assert.ok(compare(doc, [1, 100_000]).entries > 0);
  }
});
