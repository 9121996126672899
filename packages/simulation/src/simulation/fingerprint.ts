// A hash over everything that arrived and when: two runs with the same one were the same run.

export class Fingerprint {
  #low = 0x811c9dc5 | 0;
  #high = 0x9e3779b9 | 0;

  add(bytes: Uint8Array, timeMs: number): void {
    this.#mix(Math.floor(timeMs * 1_000) | 0);
    for (const byte of bytes) this.#mix(byte);
  }

  toString(): string {
    const digits = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
    return digits(this.#high) + digits(this.#low);
  }

  #mix(unit: number): void {
    this.#low = Math.imul(this.#low ^ unit, 0x01000193);
    this.#high = Math.imul(this.#high ^ unit, 0x85ebca6b) + 0x7f4a7c15;
  }
}
