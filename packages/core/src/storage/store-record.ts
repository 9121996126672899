// What a store says of itself: the version of its format, and where it was. Kept twice, written with the first batch of
// whomever, and again when it is damaged or has changed.
import { decodeUtf8, encodeUtf8 } from "lib0/string";
import { ChorusError } from "../errors.js";
import type { MetadataSource } from "./group-writer.js";
import type { ReadValue, WriteOperation } from "./store-database.js";
import { STORE_KEYS } from "./store-keys.js";
import { frameRecord, openRecord } from "./store-records.js";

/** The version of everything that is written here. One that a later version cannot read gets a higher number. */
const FORMAT = 1;

interface Content {
  readonly format: number;
  readonly place?: string | undefined;
}

export class StoreRecord implements MetadataSource {
  /** What is wrong: store-copied, store-damaged. */
  readonly findings: readonly ChorusError[];
  readonly #payload: Uint8Array;
  #isStored: boolean;

  /**
   * @param values of STORE_KEYS @param place where the store is now
   * @throws ChorusError store-newer when a later version has written it
   */
  constructor(values: readonly ReadValue[], place: string | undefined) {
    const copies = STORE_KEYS.map((key, index) => decode(key, values[index]));
    const intact = copies.filter((copy) => typeof copy === "object");
    const format = Math.max(0, ...intact.map((copy) => copy.format));
    if (format > FORMAT) {
      const text = `the store has format ${format}; this version of Chorus reads up to ${FORMAT}`;
      throw new ChorusError("store-newer", text);
    }
    const findings: ChorusError[] = [];
    const former = intact[0]?.place;
    if (place !== undefined && former !== undefined && former !== place) {
      findings.push(
        new ChorusError("store-copied", "the store was copied, restored or mended: its replicas get new ids"),
      );
    }
    const isNew = copies.every((copy) => copy === "missing");
    if (!isNew && intact.length < copies.length) {
      findings.push(
        new ChorusError(
          "store-damaged",
          "the record that a store keeps of itself is damaged; it is written anew",
        ),
      );
    }
    this.findings = findings;
    this.#payload = encodeUtf8(JSON.stringify({ format: FORMAT, place: place ?? former }));
    this.#isStored =
      intact.length === copies.length &&
      (place === undefined || intact.every((copy) => copy.place === place));
  }

  changes(): { operations: readonly WriteOperation[]; stored: () => void } | undefined {
    if (this.#isStored) return undefined;
    const operations = STORE_KEYS.map(
      (key): WriteOperation => ({ type: "put", key, value: frameRecord(key, this.#payload) }),
    );
    return { operations, stored: () => (this.#isStored = true) };
  }
}

function decode(key: string, value: ReadValue): Content | "missing" | "damaged" {
  const record = openRecord(key, value);
  if (typeof record === "string") return record;
  try {
    const content = JSON.parse(decodeUtf8(record));
    return Number.isSafeInteger(content?.format) ? content : "damaged";
  } catch {
    return "damaged";
  }
}
