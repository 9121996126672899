// A stand-in for one channel of the original OpenAF (type "simple"), written from observations of how it behaves. It is
// a test double and no product code: the original's defects are kept on purpose, and nothing here may import Chorus or
// repair what the original does wrong. Where nothing was observed a comment says "assumed".

/** The clock of one original process. */
export class OriginalClock {
  /** How far this process's clock is off, in milliseconds; may be changed at any time. */
  offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }
}

/** What a subscriber is told. `key` and `value` are as passed; for rows: the field names and the rows. */
export interface OriginalEvent {
  readonly op: "set" | "setall" | "unset" | "unsetall";
  readonly key: unknown;
  readonly value: unknown;
  /** Milliseconds; whatever a caller passed; undefined for getSet; a random uuid when an entry is replayed. */
  readonly timestamp: unknown;
  readonly uuid: string | undefined;
}

export type OriginalSubscriber = (event: OriginalEvent) => unknown;

/** The last two arguments of the writing methods: nothing checks what they are. */
export interface WriteDetails {
  /** Forces the entry's time, of any type; undefined: now, and then a later version of the channel drops the write. */
  readonly timestamp?: unknown;
  /** Handed to subscribers; a sender recognises by it what came from a peer. */
  readonly uuid?: string | undefined;
}

/** A partial map to be found in the value, nested, or a function of the value. */
export type OriginalMatch = { readonly [field: string]: unknown } | ((value: unknown) => unknown);

/** Returned instead of a key by a write that was dropped: the original returns an object of its own there. */
export const DROPPED = Symbol("dropped");

interface Entry {
  readonly key: unknown;
  readonly value: unknown;
  readonly time: unknown;
}

interface Subscription {
  readonly call: OriginalSubscriber;
  tail: Promise<void>;
  isOver: boolean;
}

export class OriginalChannel {
  readonly name: string;
  /** Milliseconds by the local clock of the last change; the time of creation before the first. */
  version: number;
  /** Counts writes over HTTP; undefined before the first. The server keeps it. */
  counter: number | undefined;
  readonly #clock: OriginalClock;
  readonly #entries = new Map<string, Entry>();
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(name: string, clock = new OriginalClock()) {
    this.name = name;
    this.#clock = clock;
    this.version = clock.now();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns the key map, or DROPPED. @throws TypeError for a null key */
  set(key: unknown, value: unknown, details: WriteDetails = {}): unknown {
    const timestamp = this.#timeOf(details);
    if (timestamp === DROPPED) return DROPPED;
    const keyMap = this.#store(wrapKey(key), wrapValue(key, value), timestamp);
    this.#changed({ op: "set", key, value, timestamp, uuid: details.uuid });
    return keyMap;
  }

  /** @returns the key map when it matched. Subscribers are told whether or not it matched: a defect of the original. */
  getSet(
    { match, key }: { readonly match: OriginalMatch; readonly key: unknown },
    value: unknown,
    details: WriteDetails = {},
  ): unknown {
    // The key is not wrapped here, so a scalar one is never found.
    const present = this.#entries.get(keyText(key))?.value;
    const matched = present !== undefined && matches(match, present);
    const keyMap = matched ? this.#store(key, wrapValue(key, value), details.timestamp) : undefined;
    this.#changed({ op: "set", key, value, timestamp: details.timestamp, uuid: details.uuid });
    return keyMap;
  }

  /** @throws TypeError when one of the two is no array; DROPPED is returned as by `set` */
  setAll(fields: unknown, rows: unknown, details: WriteDetails = {}): typeof DROPPED | undefined {
    const timestamp = this.#timeOf(details);
    if (timestamp === DROPPED) return DROPPED;
    for (const row of asArray(rows)) this.#store(pick(row, fields), row, timestamp);
    this.#changed({ op: "setall", key: fields, value: rows, timestamp, uuid: details.uuid });
    return undefined;
  }

  /** Rows need only the key fields. @throws TypeError as `setAll` */
  unsetAll(fields: unknown, rows: unknown, details: WriteDetails = {}): typeof DROPPED | undefined {
    const timestamp = this.#timeOf(details);
    if (timestamp === DROPPED) return DROPPED;
    for (const row of asArray(rows)) this.#entries.delete(keyText(pick(row, fields)));
    this.#changed({ op: "unsetall", key: fields, value: rows, timestamp, uuid: details.uuid });
    return undefined;
  }

  /** The stored value, for a scalar its wrapper; undefined when missing. @throws TypeError for a stored null */
  get(key: unknown): unknown {
    const value = this.#entries.get(keyText(wrapKey(key)))?.value;
    if (value === null) throw new TypeError("Cannot convert null to an object");
    return value;
  }

  unset(key: unknown, details: WriteDetails = {}): typeof DROPPED | undefined {
    const timestamp = this.#timeOf(details);
    if (timestamp === DROPPED) return DROPPED;
    this.#entries.delete(keyText(wrapKey(key)));
    this.#changed({ op: "unset", key, value: undefined, timestamp, uuid: details.uuid });
    return undefined;
  }

  pop(): unknown {
    return this.#take(this.getSortedKeys().at(-1));
  }

  shift(): unknown {
    try {
      return this.#take(this.getSortedKeys()[0]);
    } catch {
      // The original's handler throws a name that is not defined in it.
      throw new ReferenceError('"e" is not defined');
    }
  }

  getAll(): unknown[] {
    return [...this.#entries.values()].map(({ value }) => value);
  }

  getKeys(): unknown[] {
    return [...this.#entries.values()].map(({ key }) => key);
  }

  /** By time of entry, ties in order of insertion. @throws TypeError when the times are not all of one type */
  getSortedKeys(): unknown[] {
    const entries = [...this.#entries.values()];
    const types = entries.map(({ time }) => typeof time);
    const other = types.findIndex((type) => type !== types[0]);
    if (other !== -1) throw new TypeError(`expected 0, received ${other}`);
    return entries.sort((a, b) => compare(a.time, b.time)).map(({ key }) => key);
  }

  /**
   * Calls in order per subscriber, in later turns; what it throws is swallowed, and a promise it returns delays its next
   * call only. Unless `onlyFromNow` it gets every entry first, with a random uuid as the time. A known id changes nothing.
   */
  subscribe(call: OriginalSubscriber, onlyFromNow = false, id: string = crypto.randomUUID()): string {
    if (this.#subscriptions.has(id)) return id;
    const subscription: Subscription = { call, tail: Promise.resolve(), isOver: false };
    this.#subscriptions.set(id, subscription);
    if (!onlyFromNow) subscription.tail = subscription.tail.then(() => this.#replay(subscription));
    return id;
  }

  unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription !== undefined) subscription.isOver = true;
    this.#subscriptions.delete(id);
  }

  /** For tests: resolves when no subscriber has a call waiting or running. The original has nothing like it. */
  async whenIdle(): Promise<void> {
    const tails = (): Promise<void>[] => [...this.#subscriptions.values()].map(({ tail }) => tail);
    for (let seen: Promise<void>[] = []; tails().some((tail, at) => tail !== seen[at]); ) {
      seen = tails();
      await Promise.all(seen);
    }
  }

  /** For tests: as in a process that has just started. Nothing is kept, subscribers neither, and nobody is told. */
  restart(): void {
    for (const id of [...this.#subscriptions.keys()]) this.unsubscribe(id);
    this.#entries.clear();
    this.counter = undefined;
    this.version = this.#clock.now();
  }

  async #replay(subscription: Subscription): Promise<void> {
    for (const { key, value } of [...this.#entries.values()]) {
      const timestamp = crypto.randomUUID();
      await deliver(subscription, { op: "set", key, value, timestamp, uuid: undefined });
    }
  }

  #changed(event: OriginalEvent): void {
    this.version = this.#clock.now();
    for (const subscription of this.#subscriptions.values()) {
      subscription.tail = subscription.tail.then(() => deliver(subscription, event));
    }
  }

  #store(key: unknown, value: unknown, time: unknown): unknown {
    // Setting again keeps the place: a Map does so by itself.
    this.#entries.set(keyText(key), { key, value, time });
    return key;
  }

  #timeOf({ timestamp }: WriteDetails): unknown {
    if (timestamp !== undefined) return timestamp;
    const now = this.#clock.now();
    return this.version > now ? DROPPED : now;
  }

  #take(key: unknown): unknown {
    if (key === undefined) return undefined;
    const value = this.get(key);
    this.unset(key);
    return value;
  }
}

/** What identifies an entry: the key as JSON with fields sorted at every level. @throws TypeError for null */
export function keyText(key: unknown): string {
  if (key === null) throw new TypeError("Cannot convert null to an object");
  return JSON.stringify(sorted(key)) ?? "undefined";
}

/** A key that is no map becomes `{ key }`. */
export function wrapKey(key: unknown): unknown {
  return typeof key === "object" ? key : { key };
}

/** A value that is no object becomes `{ key, value }` with the key exactly as it was passed. */
export function wrapValue(key: unknown, value: unknown): unknown {
  return typeof value === "object" ? value : { key, value };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  // A date has no fields of its own, so all dates are the same key.
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}

/** A field that is missing is there as undefined: the same key as `{}`. */
function pick(row: unknown, fields: unknown): unknown {
  const source = Object(row) as Record<string, unknown>;
  return Object.fromEntries(asArray(fields).map((field) => [String(field), source[String(field)]]));
}

function asArray(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError("not an array");
  return value;
}

function matches(match: OriginalMatch, value: unknown): boolean {
  return typeof match === "function" ? Boolean(match(value)) : contains(value, match);
}

function contains(value: unknown, part: unknown): boolean {
  if (typeof part !== "object" || part === null) return value === part;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(part).every(([name, field]) =>
    contains((value as Record<string, unknown>)[name], field),
  );
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : Number(a > b);
  return 0;
}

async function deliver(subscription: Subscription, event: OriginalEvent): Promise<void> {
  if (subscription.isOver) return;
  try {
    await subscription.call(event);
  } catch {
    // As the original: what a subscriber throws is nobody's business.
  }
}
