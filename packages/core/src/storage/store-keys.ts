// Where everything stands in the database. All keys are ASCII, and a channel's name is escaped and followed by a slash
// that no escaped name contains: no channel's keys lie within those of another.
import type { KeyRange } from "./store-database.js";

/** What the store says of itself, twice, far from each other: a damaged block seldom takes both. */
export const STORE_KEYS: readonly string[] = ["!store", "~store"];

/** The folders of the copies of the channels' metadata, far from each other too. */
const METADATA_FOLDERS = ["a/", "z/"];
const LOG_FOLDER = "l/";
const SLICE_FOLDER = "s/";

/** Digits of a number in a key: enough for every safe integer. */
const NUMBER_DIGITS = 16;

/** All folders that have a channel's name as the next part of the key. */
export const CHANNEL_FOLDERS: readonly string[] = [...METADATA_FOLDERS, LOG_FOLDER, SLICE_FOLDER];

/** The keys of one channel. */
export class ChannelKeys {
  /** Of the copies of its metadata. */
  readonly metadata: readonly string[];
  readonly #log: string;
  readonly #slices: string;

  constructor(name: string) {
    const escaped = escapeName(name);
    this.metadata = METADATA_FOLDERS.map((folder) => `${folder}${escaped}/`);
    this.#log = `${LOG_FOLDER}${escaped}/`;
    this.#slices = `${SLICE_FOLDER}${escaped}/`;
  }

  /** Of an update in the log. */
  update(number: number): string {
    return this.#log + digits(number);
  }

  /** Of one slice of a snapshot. */
  slice(generation: number, slice: number): string {
    return `${this.#slices}${digits(generation)}/${digits(slice)}`;
  }

  get log(): KeyRange {
    return within(this.#log);
  }

  get slices(): KeyRange {
    return within(this.#slices);
  }

  /** The updates before this one. */
  updatesBefore(number: number): KeyRange {
    return { from: this.#log, to: this.update(number) };
  }

  slicesBefore(generation: number): KeyRange {
    return { from: this.#slices, to: this.#slices + digits(generation) };
  }

  slicesAfter(generation: number): KeyRange {
    return { from: this.#slices + digits(generation + 1), to: this.slices.to };
  }
}

/** All keys that begin so; the prefix must end with a slash. */
export function within(prefix: string): KeyRange {
  return { from: prefix, to: `${prefix.slice(0, -1)}0` };
}

/** The number at the end of a key; NaN when there is none. */
export function numberOf(key: string): number {
  const text = key.slice(key.lastIndexOf("/") + 1);
  return /^\d{16}$/.test(text) ? Number(text) : Number.NaN;
}

/** The name of the channel that a key in one of its folders belongs to; undefined for a key that is not ours. */
export function nameOf(key: string): string | undefined {
  const end = key.indexOf("/", 2);
  const escaped = end < 0 ? undefined : key.slice(2, end);
  return escaped !== undefined && /^(?:[\w.-]|~[\da-f]{4})*$/.test(escaped)
    ? unescapeName(escaped)
    : undefined;
}

/** The range of all keys of a folder behind those of a channel. */
export function behind(folder: string, name: string): KeyRange {
  return { from: within(`${folder}${escapeName(name)}/`).to, to: within(folder).to };
}

// By UTF-16 code units, so that a name with a lone surrogate comes back as it was.
function escapeName(name: string): string {
  return name.replace(/[^\w.-]/g, (unit) => `~${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function unescapeName(escaped: string): string {
  return escaped.replace(/~([\da-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

function digits(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, "0");
}
