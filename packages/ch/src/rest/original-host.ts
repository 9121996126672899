// What links to originals need of the channel they belong to. No code lives here.
import type { Channel, ChorusError, LinkStatus } from "@chorus/core";
import type { ReplicationLimits } from "@chorus/core/internal";
import type { KnownRows } from "./known-rows.js";
import type { MemoryChannels } from "./original-memory.js";
import type { OriginalWriter } from "./original-writing.js";

/** A link as its host sees it. */
export interface LinkView {
  /** With credentials. */
  readonly url: string;
  /** Without credentials. */
  readonly safeUrl: string;
  readonly status: LinkStatus;
}

/** What an earlier link knew of its original, where nothing is stored. */
export interface Remembered {
  readonly known: KnownRows;
  /** See RestartWatch. */
  readonly counter: number | undefined;
}

/** What a link needs of its channel; none of the functions may throw. */
export interface OriginalHost {
  readonly channel: Channel;
  readonly limits: ReplicationLimits;
  /** From the end of a pull to the next; longer after a slow one. */
  readonly restIntervalMs: number;
  /** With which subscribers are told. */
  readonly uuid: string;
  readonly writer: () => OriginalWriter;
  /** Where it is kept what is known of originals; undefined for a channel that is not stored. */
  readonly memories?: MemoryChannels | undefined;
  /** The same for as long as this process runs, by identity of the URL. */
  readonly remembered: Map<string, Remembered>;
  /** Whether the store has found something wrong with the channel. */
  readonly isDoubtful: () => boolean;
  readonly statusChanged: (link: LinkView) => void;
  /** Something was sent, or will not be. */
  readonly progressed: () => void;
  /** A Chorus node answers at the URL: the link is of no more use. */
  readonly isChorus: (link: LinkView) => void;
  readonly report: (error: ChorusError) => void;
}
