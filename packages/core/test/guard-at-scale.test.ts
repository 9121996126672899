import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { inspectUpdate } from "../src/guard.js";
import { Author, contentOf, contextOf, receive, seededRandom } from "./guard-support.js";
import { after, deleted, entry, first, segment, update } from "./update-writer.js";

const test = suite("guard at scale", { deadlineMs: 30_000 });

const A = 300;
const text = entry(5, "1");

test("sees a gap in news behind a thousand known structs that would make Yjs split runs", () => {
  const doc = new Y.Doc();
  const run = update([[A, 0, segment(`${A}.0`), first(0, "k", deleted(5000))]]);
  assert.is(receive(doc, run).kind, "accepted");
  const again = Array.from({ length: 2000 }, (_, i) => after(1 + i, deleted(1)));
  const structs = [segment(`${A}.0`), first(0, "k", deleted(1)), ...again];
  assert.is(inspectUpdate(update([[A, 0, ...structs]]), contextOf(doc)).kind, "accepted");
  const news = [...structs, after(2001, deleted(2999)), after(5000, text)];
  assert.is(inspectUpdate(update([[A, 0, ...news]]), contextOf(doc)).kind, "gap");
});

test("lets large updates through in time that grows with their size only", () => {
  const count = 100_000;
  const keys = Array.from({ length: count }, (_, i) =>
    first(0, `key ${i}`, entry(2 ** 41 + i, '{"value":"some text"}')),
  );
  const overwrites = Array.from({ length: count }, (_, i) => after(i + 1, entry(2 ** 42 + i, "1")));
  const gaps = Array.from({ length: count }, (_, i) => [2 * i, 1] as const);
  const fresh = contextOf(new Y.Doc());
  assert.is(
    inspectUpdate(update([[A, 0, segment(`${A}.0`), ...keys, ...overwrites]], [[A, ...gaps]]), fresh).kind,
    "accepted",
  );
  const segments = Array.from({ length: count }, (_, i) => segment(`${A}.${i}`));
  assert.is(inspectUpdate(update([[A, 0, ...segments]]), fresh).kind, "accepted");
  const runs = Array.from({ length: count }, (_, i) => first(0, `${i}`, deleted(2)));
  const ends = Array.from({ length: count }, (_, i) => after(2 * i + 2, deleted(2)));
  assert.is(inspectUpdate(update([[A, 0, segment(`${A}.0`), ...runs, ...ends]]), fresh).kind, "accepted");
  // Some 300 ms here; quadratic anywhere would be minutes, and the runner ends the file before.
});

test("accepts all that honest sessions send, live, as diffs, late and twice", () => {
  const seed = 20_241;
  const random = seededRandom(seed);
  for (let history = 0; history < 40; history++) {
    const clients = [1 + random(100), 2 ** 52 + random(2 ** 31), 1000 + random(1e6)];
    const authors = clients.map((client) => new Author(client, random));
    const place = `seed ${seed}, history ${history}`;
    for (let round = 0; round < 40; round++) {
      const author = authors[random(3)] as Author;
      const other = authors[random(3)] as Author;
      if (random(4) > 0) author.write(1 + random(30), 1 + random(25));
      if (author === other) continue;
      for (const late of author.updates.slice(-1 - random(3))) receive(other.doc, late);
      if (random(3) > 0) continue;
      const seen = authors[random(3)] as Author;
      const vector = random(3) === 0 ? undefined : Y.encodeStateVector(seen.doc);
      const verdict = receive(other.doc, Y.encodeStateAsUpdate(author.doc, vector));
      // A diff for somebody else may leave out too much, or hold a run of which a part is known; the next will not.
      if (seen === other && vector) assert.is(verdict.kind, "accepted", place);
    }
    meetAll(authors, place);
  }
});

/** Every author gets every other one's diff, and all must be equal then. */
function meetAll(authors: readonly Author[], place: string): void {
  for (let i = 0; i < 2; i++) {
    for (const from of authors) {
      for (const to of authors) {
        if (from === to) continue;
        const diff = Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc));
        assert.is(receive(to.doc, diff).kind, "accepted", place);
      }
    }
  }
  for (const author of authors)
    assert.is(contentOf(author.doc), contentOf((authors[0] as Author).doc), place);
}
