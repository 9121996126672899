// The digest: a hash of all winners that does not depend on their order, so that it can follow every change.
// docs/protocol.md specifies it; peers with equal state vectors compare it.

/** Two 32-bit lanes, each the sum of the winners' hashes modulo 2^32. */
export class Digest {
  #low = 0;
  #high = 0;

  add(key: string, stamp: number, json: string): void {
    this.#mix(key, stamp, json);
    this.#low = (this.#low + low) | 0;
    this.#high = (this.#high + high) | 0;
  }

  remove(key: string, stamp: number, json: string): void {
    this.#mix(key, stamp, json);
    this.#low = (this.#low - low) | 0;
    this.#high = (this.#high - high) | 0;
  }

  /** 53 bits: the low 21 bits of the high lane above the low lane. */
  value(): number {
    return (this.#high & 0x1f_ffff) * 2 ** 32 + (this.#low >>> 0);
  }

  /** Hashes one winner into `low` and `high`; the stamp separates key and value, so no pair reads as another. */
  #mix(key: string, stamp: number, json: string): void {
    low = 0x811c9dc5 | 0;
    high = 0x9e3779b9 | 0;
    mixText(key);
    mixUnit(Math.floor(stamp / 2 ** 32));
    mixUnit(stamp | 0);
    mixText(json);
    low = avalanche(low ^ (high >>> 15));
    high = avalanche(high ^ (low >>> 13));
  }
}

// The lanes of the hash being computed. Module variables, because the hash runs for every write and a returned pair
// would be garbage each time.
let low = 0;
let high = 0;

/** Two UTF-16 code units at a time, the first of them low; this is half of what a digest costs. */
function mixText(text: string): void {
  const { length } = text;
  mixUnit(length);
  let i = 1;
  for (; i < length; i += 2) mixUnit(text.charCodeAt(i - 1) | (text.charCodeAt(i) << 16));
  if (i === length) mixUnit(text.charCodeAt(i - 1));
}

function mixUnit(unit: number): void {
  low = Math.imul(low ^ unit, 0x01000193);
  // The sum must stay a 32-bit integer: anything larger is a heap object for every character.
  high = (Math.imul(high ^ unit, 0x85ebca6b) + 0x7f4a7c15) | 0;
}

function avalanche(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x27d4eb2f);
  return mixed ^ (mixed >>> 16);
}
