// What the REST server sees of a channel. Types only.
import type { JsonValue } from "@chorus/core";
import type { ChannelData } from "../channel-data.js";

/** One channel, replicated or virtual, as requests of originals read and write it. */
export interface RestTarget {
  readonly name: string;
  readonly data: ChannelData;
  /** Milliseconds of the last change here. */
  readonly version: number;
  /** `details.uuid` of writes that come in by REST. */
  readonly uuid: string;
  /** Resolves when what was written is stored, at once without a store. @throws (rejects) ChorusError store-full, store-failed */
  whenStored(): Promise<void>;
  /**
   * Told what an original says it holds (undefined value: removed), before the write is tried. A replay is no write of
   * its own: when originals peer, each tells the other all that it has.
   */
  heard(keyText: string, value: JsonValue | undefined, isReplay: boolean): void;
}
