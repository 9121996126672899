// Random writes of everything that an OpenAF script may write: scalars, maps, keys of several shapes, any text. Values
// are never the same twice, so that it shows whose write is held. It must never write what the original itself cannot
// hold apart: rows that have the key fields of another shape.
import type { Member } from "./members.js";
import type { Random } from "./random.js";

const TEXTS = ["k", "a/b", "ключ", "100% + ?#&=", 'say "hi"', "日本/語", "..", "undefined", " "];
/** Fields of maps that are keys; no shape has a field of another. */
const SHAPES: Shapes = [["id"], ["p/q", "r s"], ["größe"]];

/** Field names of the maps that are keys. */
type Shapes = readonly (readonly string[])[];

/** The longest pause between two operations of a member. Without any, all peers share one thread that is never idle. */
const MAX_PAUSE_MS = 12;

interface Key {
  /** As passed: a scalar or a map. */
  readonly key: unknown;
  /** Undefined for a scalar. */
  readonly map: { readonly [field: string]: unknown } | undefined;
}

export interface WriteOptions {
  readonly random: Random;
  readonly count: number;
  /** How many different values each field of a key has: few make many conflicts. */
  readonly spread: number;
  /** Of keys, with values that tell them. Default: several, and scalars, and any values. */
  readonly shapes?: Shapes;
}

/** Makes one member write, one operation after the other. */
export async function writeRandomly(member: Member, options: WriteOptions): Promise<void> {
  const { random, count } = options;
  for (let at = 0; at < count; at++) {
    writes++;
    writeOnce(member, options, `${member.name}:${writes}`);
    const pauseMs = random.below(MAX_PAUSE_MS + 1);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Makes every value of this process another one. */
let writes = 0;

function writeOnce(member: Member, options: WriteOptions, mark: string): void {
  const { random, shapes = SHAPES } = options;
  const chance = random.next();
  if (chance < 0.55) {
    const key = keyOf(options);
    member.set(key.key, newValue(key, mark, options));
  } else if (chance < 0.75) {
    const fields = random.pick(shapes);
    member.setAll(fields, rowsOf(fields, mark, options));
  } else if (chance < 0.9) {
    member.unset(keyOf(options).key);
  } else {
    const fields = random.pick(shapes);
    member.unsetAll(fields, rowsOf(fields, mark, options));
  }
}

function keyOf(options: WriteOptions): Key {
  const { random, spread, shapes } = options;
  if (shapes === undefined && random.next() < 0.35) {
    const scalars: unknown[] = [...TEXTS, 1, "1", 0, true, -2.5];
    return { key: scalars[random.below(Math.min(scalars.length, spread * 2))], map: undefined };
  }
  const map = mapOf(random.pick(shapes ?? SHAPES), options);
  return { key: map, map };
}

function mapOf(fields: readonly string[], options: WriteOptions): { [field: string]: unknown } {
  return Object.fromEntries(fields.map((field) => [field, fieldValue(options)]));
}

function fieldValue({ random, spread }: WriteOptions): unknown {
  const number = random.below(spread);
  return random.next() < 0.3 ? TEXTS[number % TEXTS.length] : number;
}

function newValue({ map }: Key, mark: string, { random, shapes }: WriteOptions): unknown {
  const chance = shapes === undefined ? random.next() : 1;
  if (chance < 0.2) return mark;
  if (chance < 0.3) return [mark, { deep: [random.below(9), null, "ü/ß"] }];
  // Without the fields of its key: a row that does not tell where it belongs.
  if (chance < 0.4) return { mark, other: { nested: true } };
  return { ...map, mark, "a/ü": random.below(100) };
}

function rowsOf(fields: readonly string[], mark: string, options: WriteOptions): object[] {
  const length = 1 + options.random.below(4);
  return Array.from({ length }, (_, at) => ({ ...mapOf(fields, options), mark: `${mark}.${at}` }));
}
