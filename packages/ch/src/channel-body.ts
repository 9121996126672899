// What a created channel is made of: replication, or one of the virtual types. Types only.
import type { EntryData } from "./channel-data.js";
import type { ExposeRequest } from "./exposures.js";
import type { RestTarget } from "./rest/rest-target.js";
import type { Notification, Subscribers } from "./subscribers.js";

/** The channel that a body belongs to. While it is being put together its data cannot be used yet. */
export interface BodyOwner extends RestTarget {
  readonly subscribers: Subscribers;
  /** Notes the time of a change. */
  touch(): void;
}

/** The part of a channel that depends on its type. */
export interface ChannelBody {
  readonly data: EntryData;
  /** What a new subscriber gets: every entry as a "set". */
  replay(): Notification[];
  /** See ChannelHandle.expose. */
  expose(request: ExposeRequest): Promise<string | undefined>;
  /** Resolves when files and live peers have all writes so far. @throws (rejects) ChorusError timeout */
  whenSettled(timeoutMs: number): Promise<void>;
  /** Resolves when what was written is stored, at once without a store. @throws (rejects) ChorusError store-full, store-failed */
  whenStored(): Promise<void>;
  /** Passes on what it holds back; never throws. */
  flush(): void;
  /** Ends it, synchronous in effect; resolves when nothing of it is left. Never rejects. */
  close(): Promise<void>;
}
