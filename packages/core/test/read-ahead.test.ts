import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import type { ChorusError } from "../src/errors.js";
import { inspectUpdate } from "../src/guard.js";
import { ReadAhead } from "../src/read-ahead.js";
import { absorb } from "./absorbing.js";
import { forge, indexOf } from "./forged-updates.js";
import { openDocument } from "./open-document.js";
import { Chance, freshId, freshSeed, Replica } from "./replica.js";
import { structsOf } from "./structs-of.js";

const test = suite("read ahead", { deadlineMs: 30_000 });

/** What came of an answer in a fresh replica. */
interface Outcome {
  readonly results: readonly string[];
  readonly structs: readonly string[];
  readonly index: unknown;
}

/** Reads so many of the parts before all are applied. @param prepare what happens to the replica in between */
function outcomeOf(parts: readonly Uint8Array[], ahead: number, prepare?: (to: Replica) => void): Outcome {
  const to = new Replica({ sessionId: 1 });
  const own = parts.map((part) => part.slice());
  const reading = to.channel.replication.openReading();
  for (let come = 1; come <= ahead; come++) {
    reading.continue(own.slice(0, come));
    to.runtime.turn();
  }
  reading.end();
  prepare?.(to);
  const { document } = to;
  if (!document) throw new Error("a replica without a document");
  let results: readonly string[];
  try {
    const watch = absorb(to, own);
    to.runtime.turn();
    results = watch.results;
  } catch (error) {
    results = [(error as Error).message];
  }
  return { results, structs: structsOf(document.doc), index: indexOf(document) };
}

/** Parts of several sessions, each where the one before it ends; the last one may be refused. */
function forgedParts(chance: Chance): Uint8Array[] {
  const [doc, guard] = [new Y.Doc(), openDocument(freshId())];
  const sessions = [freshId(), freshId()];
  const parts: Uint8Array[] = [];
  let session = chance.of(sessions);
  for (let left = 1 + chance.below(12); left > 0; left--) {
    if (chance.below(4) === 0) session = chance.of(sessions);
    const part = forge(chance, { doc, session, deletes: false });
    parts.push(part);
    try {
      if (inspectUpdate(part, guard).kind !== "accepted") return parts;
    } catch {
      if (chance.below(4)) parts.pop();
      else return parts;
      continue;
    }
    guard.apply(part, {});
    Y.applyUpdate(doc, part);
  }
  return parts;
}

test("whatever the parts say, it becomes what it would have become without", () => {
  const chance = new Chance(freshSeed("forged answers"));
  const seen = new Map<string, number>();
  for (let round = 0; round < 1_500; round++) {
    const parts = forgedParts(chance);
    const without = outcomeOf(parts, 0);
    assert.equal(outcomeOf(parts, parts.length), without);
    assert.equal(outcomeOf(parts, chance.below(parts.length + 1)), without);
    const [result = "none"] = without.results;
    seen.set(result, (seen.get(result) ?? 0) + 1);
  }
  assert.ok((seen.get("applied") ?? 0) > 300 && (seen.get("protocol") ?? 0) > 30, JSON.stringify([...seen]));
});

test("what became known in between is not read twice, and what is written here meanwhile stays", () => {
  const chance = new Chance(freshSeed("answers that came late"));
  for (let round = 0; round < 300; round++) {
    const parts = forgedParts(chance);
    const known = parts.slice(0, chance.below(4));
    const prepare = (to: Replica): void => {
      to.set("a", "mine");
      for (const part of known) receiveIfGood(to, part);
    };
    assert.equal(outcomeOf(parts, parts.length, prepare), outcomeOf(parts, 0, prepare));
  }
});

function receiveIfGood(to: Replica, part: Uint8Array): void {
  try {
    to.receive(part);
  } catch (error) {
    if ((error as ChorusError).code !== "protocol") throw error;
  }
}

test("what was read of a part is used, and the part is not read again", () => {
  const [giver, to] = [new Replica(), new Replica()];
  for (let i = 0; i < 20; i++) giver.set(`key ${i}`, "before");
  const parts = giver.diff(to, 100);
  assert.ok(parts.length > 5);
  to.channel.replication.openReading().continue(parts.slice(0, -1));
  to.runtime.turn();
  for (const part of parts)
    part.set(Buffer.from(part).fill("X", Buffer.from(part).indexOf("before"), part.length - 2));
  absorb(to, parts.slice(0, -1));
  to.runtime.turn();
  assert.ok(to.channel.size > 10);
  for (const [, value] of to.channel.entries()) assert.is(value, "before");
});

test("one answer of a channel is read ahead at a time, and none after its end", () => {
  const [giver, to] = [new Replica(), new Replica()];
  for (let i = 0; i < 20; i++) giver.set(`key ${i}`, "before");
  const parts = giver.diff(to, 100);
  const readAhead = new ReadAhead(to.document?.structs, to.runtime);
  const wasRead = (part: Uint8Array | undefined): boolean => part !== undefined && !!readAhead.runOf(part);
  const [first, second] = [readAhead.open(), readAhead.open()];
  const others = parts.map((part) => part.slice());
  second.continue(others);
  first.continue(parts.slice(0, 2));
  to.runtime.turn();
  assert.equal([wasRead(parts[0]), wasRead(others[0])], [true, false]);
  second.end();
  first.continue(parts);
  first.end();
  to.runtime.turn();
  const third = readAhead.open();
  third.continue(others);
  to.runtime.turn();
  third.end();
  assert.ok(wasRead(others[0]));
});

test("more than 32 MiB of an answer are not read ahead", () => {
  const [giver, to] = [new Replica(), new Replica()];
  const text = "x".repeat(1_000_000);
  for (let i = 0; i < 36; i++) giver.set(`key ${i}`, text);
  const parts = giver.diff(to, 1_000);
  let read = 0;
  const readAhead = new ReadAhead(to.document?.structs, to.runtime);
  const reading = readAhead.open();
  reading.continue(parts);
  to.runtime.turn();
  for (const [at, part] of parts.entries()) {
    // The first to be applied is the one that the others wait for.
    const run = readAhead.runOf(part);
    if (at === 0) to.document?.integrate(run as never);
    if (run) read += part.length;
  }
  assert.ok(read > 30_000_000 && read < 36_000_000, `${read} bytes were read`);
});

/** Somebody who has written, overwritten, moved and deleted, and has what others wrote. */
function history(chance: Chance): Replica {
  const cleaning = { minSegmentStructs: 8, maxSegmentStructs: 16, moveBatch: 4, minIdleDead: 4 };
  const replicas = [new Replica({ cleaning }), new Replica({ cleaning })] as const;
  for (let step = 0; step < 60; step++) {
    const replica = chance.of(replicas);
    const key = `key ${chance.below(20)}`;
    if (chance.below(5) === 0 && replica.channel.has(key)) replica.delete(key);
    else replica.set(key, step);
    if (chance.below(20) === 0) replica.sweep({ idle: chance.below(2) === 0 });
    if (chance.below(12) === 0) replicas[0].syncTo(replicas[1]);
  }
  replicas[0].syncTo(replicas[1]);
  return replicas[1];
}

test("what a replica has written, moved and deleted becomes the same", () => {
  const chance = new Chance(freshSeed("histories read ahead"));
  for (let round = 0; round < 150; round++) {
    const giver = history(chance);
    const parts = giver.diff(new Replica(), 20 + chance.below(100));
    const without = outcomeOf(parts, 0);
    assert.equal(without.results, ["applied"]);
    assert.equal(outcomeOf(parts, parts.length), without);
  }
});
