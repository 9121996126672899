// What the hosts of a simulated world share, and what runs on one: types only.
import type { Channel, ChannelStorage, PeerSet, PeerSetOptions, Store } from "@chorus/core";
import type { Counters } from "./counters.js";
import type { FaultPlan } from "./faults.js";
import type { History } from "./history.js";
import type { Profile } from "./profile.js";
import type { RecordingDocument } from "./recording-document.js";
import type { Scheduler } from "./scheduler.js";
import type { VirtualNetwork } from "./virtual-network.js";
import type { VirtualRuntime } from "./virtual-runtime.js";

/** What all hosts of a world share. */
export interface World {
  readonly scheduler: Scheduler;
  readonly network: VirtualNetwork;
  readonly history: History;
  readonly counters: Counters;
  readonly profile: Profile;
  readonly fault: FaultPlan;
  /** The documents of all hosts: of the running process, or of the last one. */
  readonly documents: () => Iterable<RecordingDocument>;
  readonly peerSetOptions: Omit<PeerSetOptions, "dial">;
  /** A failure of the run. */
  fail(kind: string, detail: string): void;
  readonly trace: ((line: string) => void) | undefined;
}

/** What runs on a host. */
export interface Process {
  readonly runtime: VirtualRuntime;
  readonly store: Store | undefined;
  readonly storage: ChannelStorage | undefined;
  readonly channel: Channel;
  readonly document: RecordingDocument;
  readonly peers: PeerSet;
  /** What a listener that follows the change events believes the channel to hold: JSON by key. */
  readonly shadow: Map<string, string>;
}
