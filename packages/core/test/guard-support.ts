// What the tests of the guard share: its context over a Y.Doc, honest histories to feed it, and the proof that an
// update it let in did no harm. Must not use the project's own document, which has tests of its own.
import * as Y from "yjs";
import { type GuardContext, inspectUpdate, type Verdict } from "../src/guard.js";

/** A small seeded generator (mulberry32): whole numbers below `bound`. */
export type Random = (bound: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

export function rootOf(doc: Y.Doc): Y.Map<Y.Map<unknown>> {
  return doc.getMap("channel");
}

/** The guard's view of a document whose own session is the document's client. */
export function contextOf(doc: Y.Doc): GuardContext {
  const root = rootOf(doc);
  const structAt = (client: number, clock: number): Y.Item | Y.GC =>
    Y.getItem(doc.store, Y.createID(client, clock)) as Y.Item | Y.GC;
  return {
    ownSession: doc.clientID,
    clockOf: (client) => Y.getState(doc.store, client),
    hasSegment: (id) => root._map.has(id),
    segmentAt(client, clock) {
      const struct = structAt(client, clock);
      if (!(struct instanceof Y.Item)) return undefined;
      if (struct.parent !== root) return "invalid";
      const map = struct.content instanceof Y.ContentType ? struct.content.type._map : undefined;
      return struct.deleted || !map ? undefined : map;
    },
    mayFollow(client, clock) {
      const struct = structAt(client, clock);
      if (!(struct instanceof Y.Item)) return true;
      return struct.parent !== root && struct.right === null && clock === struct.id.clock + struct.length - 1;
    },
  };
}

/** The verdict on an update, applied when it is accepted. */
export function receive(doc: Y.Doc, update: Uint8Array): Verdict {
  const verdict = inspectUpdate(update, contextOf(doc));
  if (verdict.kind === "accepted") Y.applyUpdate(doc, update, "remote");
  return verdict;
}

/** Everything the document shows, in an order of its own. */
export function contentOf(doc: Y.Doc): string {
  const lines: string[] = [];
  for (const [id, segment] of rootOf(doc)) {
    lines.push(id);
    for (const [key, entry] of segment) lines.push(`${id} ${JSON.stringify(key)} ${JSON.stringify(entry)}`);
  }
  return lines.sort().join("\n");
}

/** One session writing as the engine does: segments, overwrites, deletions with a clock, moves, deleted segments. */
export class Author {
  readonly doc: Y.Doc;
  readonly updates: Uint8Array[] = [];
  readonly #random: Random;
  #segments: string[] = [];
  #next = 0;

  constructor(client: number, random: Random) {
    this.doc = new Y.Doc();
    this.doc.clientID = client;
    this.#random = random;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "remote") this.updates.push(update);
    });
  }

  /** One transaction of up to `size` writes over `keys` keys. */
  write(size: number, keys: number): void {
    this.doc.transact(() => {
      if (this.#segments.length === 0 || this.#random(12) === 0) this.#seal();
      for (let i = this.#random(size); i >= 0; i--) this.#step(keys);
      if (this.#segments.length > 1 && this.#random(8) === 0) this.#clean();
    });
  }

  #step(keys: number): void {
    const map = this.#map(
      this.#random(6) === 0 ? this.#random(this.#segments.length) : this.#segments.length - 1,
    );
    const key = keyOf(this.#random(keys));
    switch (this.#random(6)) {
      case 0:
        map.delete(key);
        this.#map(this.#segments.length - 1).set("", [0]);
        break;
      case 1:
        map.set(key, [this.#stamp()]);
        break;
      default:
        map.set(key, [this.#stamp(), JSON.stringify(someValue(this.#random))]);
    }
  }

  #stamp(): number {
    const stamps = [
      this.#random(2 ** 31),
      0,
      2 ** 31 - 1,
      2 ** 31,
      1.7e15 + this.#random(1e6),
      2 ** 53 - 2 ** 40,
    ];
    return stamps[this.#random(stamps.length)] as number;
  }

  #map(index: number): Y.Map<unknown> {
    return rootOf(this.doc).get(this.#segments[index] as string) as Y.Map<unknown>;
  }

  #seal(): void {
    const id = `${this.doc.clientID}.${this.#next++}`;
    rootOf(this.doc).set(id, new Y.Map());
    this.#segments.push(id);
  }

  /** Moves what is left in the oldest segment to the current one and deletes it. */
  #clean(): void {
    const oldest = this.#map(0);
    for (const [key, entry] of oldest) this.#map(this.#segments.length - 1).set(key, entry);
    rootOf(this.doc).delete(this.#segments.shift() as string);
  }
}

const KEY_SHAPES = [
  "",
  "a",
  "kéy ",
  "日本",
  "🙂",
  "a much longer key than the others are, over thirty-two bytes ",
];

function keyOf(number: number): string {
  return `${KEY_SHAPES[number % KEY_SHAPES.length]}${number}`;
}

function someValue(random: Random): unknown {
  const values = [
    null,
    true,
    -1.5e-7,
    12345678901,
    "plain",
    'quo"te\\ \n\u0001 ü 🙂',
    [],
    {},
    [1, [2, [3, {}]]],
    { a: { b: [false, "x"] }, c: "y".repeat(random(200)) },
  ];
  return values[random(values.length)];
}

/**
 * What is wrong with a document after an accepted update, or undefined: it must hold nothing back, encode, tell of
 * later writes, and a fresh peer and one that has `before` must get the same content past their own guards.
 */
export function harmTo(doc: Y.Doc, before: Uint8Array): string | undefined {
  if (doc.store.pendingStructs || doc.store.pendingDs) return "something is held back";
  let told = 0;
  const tell = (): void => void told++;
  doc.on("update", tell);
  rootOf(doc).observeDeep(tell);
  const own = `${doc.clientID}.900`;
  doc.transact(() => rootOf(doc).set(own, new Y.Map([["own", [1, '"own"']]])));
  doc.off("update", tell);
  rootOf(doc).unobserveDeep(tell);
  if (told !== 2) return "later writes are not told of";
  if (rootOf(doc).get(own)?.get("own") === undefined) return "later writes are lost";
  const fresh = new Y.Doc();
  if (receive(fresh, Y.encodeStateAsUpdate(doc)).kind !== "accepted") return "a fresh peer sees a gap";
  if (contentOf(fresh) !== contentOf(doc)) return "a fresh peer differs";
  const late = new Y.Doc();
  Y.applyUpdate(late, before);
  if (receive(late, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(late))).kind !== "accepted")
    return "a late peer sees a gap";
  if (contentOf(late) !== contentOf(doc)) return "a late peer differs";
  return undefined;
}
