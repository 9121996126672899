// Keeps the parts of an update until the last has come. Nothing of it may be applied before: see update-assembly.ts.
import { ChorusError } from "./errors.js";
import { LIVE_UPDATE, PART, type UpdateFlags } from "./frames.js";

/** What has come of an update that is sent in parts. */
export class UpdateParts {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #lastBytes = 0;

  /** @param maxBytes what all parts together may take */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the update to which the last part belongs, so far. */
  get lastBytes(): number {
    return this.#lastBytes;
  }

  /** Those that are kept. */
  get kept(): readonly Uint8Array[] {
    return this.#parts;
  }

  /** Keeps a part. @returns all parts once the last has come; a live update is whole. @throws ChorusError too-large */
  add(part: Uint8Array, flags: UpdateFlags): readonly Uint8Array[] | undefined {
    this.#lastBytes = part.length;
    if (flags === LIVE_UPDATE) return [part];
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#lastBytes = this.#bytes;
    if (this.#bytes > this.#maxBytes) {
      throw new ChorusError("too-large", `an update in parts takes more than ${this.#maxBytes} bytes`);
    }
    if (flags === PART) return undefined;
    const parts = this.#parts;
    this.clear();
    return parts;
  }

  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
