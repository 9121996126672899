// Run as a child process by hostile.test.ts, which stops it when it says nothing for too long: what is tried here may
// hang. Reads its task as JSON from the arguments and writes one JSON line per step.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { ChorusError } from "../src/errors.js";
import { inspectUpdate } from "../src/guard.js";
import { Author, contextOf, harmTo, type Random, receive, seededRandom } from "./guard-support.js";
import { after, collected, deleted, entry, first, segment, update } from "./update-writer.js";

export interface PayloadTask {
  /** Holds the payloads as hex, one a file. */
  readonly folder: string;
}

export interface MutationTask {
  readonly seed: number;
  /** Updates made up of whole structs, tried first. */
  readonly invented: number;
  /** Honest updates with bytes changed. */
  readonly mutations: number;
}

/** How one update fared: "refused: reason", "gap", "harmless" (accepted, applied and proven so), "harmful: reason". */
export type Outcome = `refused: ${string}` | "gap" | "harmless" | `harmful: ${string}`;

/** One payload against an empty document, a filled one, and moved into a segment of ours where it can be. */
export interface PayloadReport {
  readonly name: string;
  readonly empty: Outcome;
  readonly filled: Outcome;
  readonly moved?: Outcome;
}

const REASON = /^the update is refused: (.*) \(before byte \d+\)$/;

/** The session of the documents that receive the payloads; one payload forges it. */
const OWN_SESSION = 7;
/** The sessions that the payloads speak of. */
const SESSIONS = [100, 200, 300];

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function tryUpdate(update: Uint8Array, before: Uint8Array): Outcome {
  const doc = new Y.Doc();
  doc.clientID = OWN_SESSION;
  Y.applyUpdate(doc, before);
  try {
    if (inspectUpdate(update, contextOf(doc)).kind === "gap") return "gap";
  } catch (error) {
    const reason =
      error instanceof ChorusError && error.code === "protocol" && REASON.exec(error.message)?.[1];
    if (reason) return `refused: ${reason}`;
    return `harmful: the guard threw ${error}`;
  }
  try {
    Y.applyUpdate(doc, update);
    const harm = harmTo(doc, before);
    return harm === undefined ? "harmless" : `harmful: ${harm}`;
  } catch (error) {
    return `harmful: ${error}`;
  }
}

function filledState(random: Random, sessions: readonly number[]): Uint8Array {
  const doc = new Y.Doc();
  for (const session of sessions) {
    const author = new Author(session, random);
    for (let i = 0; i < 6; i++) author.write(6, 8);
    receive(doc, Y.encodeStateAsUpdate(author.doc));
  }
  return Y.encodeStateAsUpdate(doc);
}

function tryPayloads({ folder }: PayloadTask): void {
  const empty = Y.encodeStateAsUpdate(new Y.Doc());
  const filled = filledState(seededRandom(1), SESSIONS);
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".hex")) continue;
    const hex = readFileSync(join(folder, file), "latin1").trim();
    const update = Buffer.from(hex, "hex");
    const moved = moveIntoSegment(hex);
    const report: PayloadReport = {
      name: file.slice(0, -4),
      empty: tryUpdate(update, empty),
      filled: tryUpdate(update, filled),
      ...(moved && { moved: tryUpdate(moved, empty) }),
    };
    say(report);
  }
}

/**
 * Most payloads write to key "k" of a root map "data", which is reason enough to refuse them. This gives their session
 * a segment of ours and moves the write there, so that what is really wrong with them is seen.
 */
function moveIntoSegment(hex: string): Uint8Array | undefined {
  const parts = /^01(..)(ad02|ac02|c801|af02)00((?:..)*)$/.exec(hex);
  if (!parts?.[3]?.includes("010464617461")) return undefined;
  const [, structs, client, rest] = parts as unknown as string[];
  const session = Number.parseInt(client?.slice(0, 2) as string, 16) - 128 + 128 * Number(client?.slice(3));
  const id = hexOf(Buffer.from(`${session}.0`));
  const segment = `2701076368616e6e656c05${id}01`;
  const more = (Number.parseInt(structs as string, 16) + 1).toString(16).padStart(2, "0");
  return Buffer.from(
    `01${more}${client}00${segment}${rest?.replaceAll("010464617461", `00${client}00`)}`,
    "hex",
  );
}

/** An honest update and the state of a replica that it may meet. */
interface Case {
  readonly before: Uint8Array;
  readonly update: Uint8Array;
}

function honestCases(random: Random): Case[] {
  const cases: Case[] = [];
  const sessions = random(3) === 0 ? [2 ** 52 + random(1e9), 300] : [1 + random(100), 200 + random(100)];
  const doc = new Y.Doc();
  const states = [Y.encodeStateAsUpdate(doc)];
  const authors = sessions.map((session) => new Author(session, random));
  for (let round = 0; round < 12; round++) {
    const author = authors[random(authors.length)] as Author;
    author.write(5, 6);
    const update = author.updates.at(-1);
    if (!update) continue;
    cases.push({ before: states.at(-1) as Uint8Array, update });
    Y.applyUpdate(doc, update);
    states.push(Y.encodeStateAsUpdate(doc));
    const before = states[random(states.length)] as Uint8Array;
    const vector = Y.encodeStateVectorFromUpdate(states[random(states.length)] as Uint8Array);
    cases.push({ before, update: Y.encodeStateAsUpdate(doc, vector) });
  }
  return cases;
}

/** Bytes that mean something somewhere: kinds of structs, tags, lengths, the edges of varints. */
const MEANINGFUL = [
  0, 1, 2, 7, 0x21, 0x27, 0x28, 0x40, 0x7f, 0x80, 0xa1, 0xa8, 0xff, 117, 119, 123, 124, 125,
];

function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length);
  const end = at + 1 + random(Math.min(24, bytes.length - at));
  const head = bytes.subarray(0, at);
  const byte = bytes[at] as number;
  const replaced = (value: number): Uint8Array =>
    Buffer.concat([head, Uint8Array.of(value), bytes.subarray(at + 1)]);
  switch (random(10)) {
    case 0:
      return replaced(byte ^ (1 << random(8)));
    case 1:
      return replaced(random(256));
    case 2:
    case 3:
      return replaced(byte + (random(2) ? 1 : -1));
    case 4:
      return replaced(MEANINGFUL[random(MEANINGFUL.length)] as number);
    case 5:
      return head;
    case 6: // a piece left out
      return Buffer.concat([head, bytes.subarray(end)]);
    case 7: // a piece twice
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 8: {
      // a piece of another update
      const from = random(other.length);
      return Buffer.concat([
        head,
        other.subarray(from, from + 1 + random(24)),
        bytes.subarray(random(2) ? at : end),
      ]);
    }
    default: {
      // a varint blown up
      const bytesMore = [1, 2, 4, 6, 7, 8, 147][random(7)] as number;
      return Buffer.concat([head, new Uint8Array(bytesMore).fill(byte | 0x80), bytes.subarray(at)]);
    }
  }
}

/**
 * An update of whole structs that name each other at random, near what the replica knows: nearly honest, where bytes
 * changed at random are mostly nonsense.
 */
function inventUpdate(before: Uint8Array, random: Random): Uint8Array {
  const known = [...Y.decodeStateVector(Y.encodeStateVectorFromUpdate(before)), [500, 0] as const];
  const [client, clock] = known[random(known.length)] as readonly [number, number];
  const start = Math.max(0, clock - random(3) * random(4));
  let next = start;
  const id = (): number => Math.max(0, next - 1 - random(random(3) === 0 ? 20 : 4));
  const structs = Array.from({ length: 1 + random(10) }, () => {
    const length = random(3) === 0 ? 1 + random(4) : 1;
    const content = length === 1 && random(3) > 0 ? entry(random(1000), "{}") : deleted(length);
    const kinds = [
      () => segment(`${client}.${random(6)}`, random(4) === 0 ? undefined : 1),
      () => first(random(2) ? 0 : id(), `a${random(12)}`, content),
      () => after(id(), content),
      () => collected(length),
    ];
    const kind = [0, 1, 1, 1, 2, 2, 2, 2, 3][random(9)] as number;
    const struct = (kinds[kind] as () => ReturnType<typeof collected>)();
    next += kind === 0 ? 1 : length;
    return struct;
  });
  const from = random(next);
  return update([[client, start, ...structs]], random(3) ? [] : [[client, [from, 1 + random(next - from)]]]);
}

function mutateOften(honest: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let mutated = mutate(honest, other, random);
  for (let more = random(3); more > 0 && mutated.length > 0; more--) mutated = mutate(mutated, other, random);
  return mutated;
}

function tryMutations({ seed, invented, mutations }: MutationTask): void {
  const random = seededRandom(seed);
  const counts = { refused: 0, gap: 0, harmless: 0, harmful: 0 };
  let cases: Case[] = [];
  for (let i = 0; i < invented + mutations; i++) {
    if (i % 250 === 0) {
      cases = honestCases(random);
      say({ tried: i });
    }
    const { before, update: honest } = cases[random(cases.length)] as Case;
    const other = (cases[random(cases.length)] as Case).update;
    const tried = i < invented ? inventUpdate(before, random) : mutateOften(honest, other, random);
    const outcome = tryUpdate(tried, before);
    if (outcome.startsWith("refused")) counts.refused++;
    else if (outcome === "gap" || outcome === "harmless") counts[outcome]++;
    else {
      counts.harmful++;
      say({ harmful: outcome, tried: hexOf(tried), before: hexOf(before) });
    }
  }
  say({ counts });
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const task = JSON.parse(process.argv[2] ?? "{}") as PayloadTask | MutationTask;
if ("folder" in task) tryPayloads(task);
if ("mutations" in task) tryMutations(task);
