// Planted faults: each breaks one rule on purpose, so that we know the checks see it. None is in the product:
// they come in through the rules, the document, the runtime or the network that the simulation hands to the
// engine.
import { Channel, type ChannelOptions, type ChannelStorage, type PeerSetOptions } from "@chorus/core";
import {
  type DocumentRules,
  documentRules,
  type HolderView,
  type SegmentDocumentOptions,
} from "@chorus/core/internal";
import { GapApplyingChannel, HalfwayChannel } from "./faulty-channel.js";
import { HalfwayDocument, rulesCarryingOut } from "./faulty-document.js";
import { ForgetfulStorage, HastyStorage } from "./faulty-storage.js";
import { CALM_WEIGHTS, type Profile } from "./profile.js";
import type { Random } from "./random.js";
import type { Recorder, RecordingDocument } from "./recording-document.js";

/** What a fault changes; everything that is absent is as in a sound run. */
export interface FaultPlan {
  /** Where it shows: seeds run this profile unless another one is asked for. */
  profile?: string;
  /** What of that profile is otherwise, so that few seeds are enough. */
  world?: Partial<Profile>;
  /** The same for the limits of its peer sets. */
  peers?: Omit<PeerSetOptions, "dial">;
  rules?: DocumentRules;
  createDocument?: (options: SegmentDocumentOptions, recorder: Recorder) => RecordingDocument;
  createChannel?: (options: ChannelOptions) => Channel;
  wrapStorage?: (storage: ChannelStorage) => ChannelStorage;
  /** Gives a session's id instead of `fresh`. */
  newId?: (fresh: () => number) => number;
  /** How many update frames to lose on connections that live on, after the last write has begun. */
  losesFrames?: number;
}

/** A world in which much comes in answers, while others drop what they need no longer. */
const HALVES: Partial<Profile> = {
  replicas: 5,
  keys: 12,
  topology: "partial",
  latencyMs: [20, 300],
  deleteShare: 0.45,
  segmentStructs: 4,
  moveBatch: 3,
  stepMs: 40,
  weights: { ...CALM_WEIGHTS, maintain: 60, breakConnection: 15 },
};

type Plant = (random: Random) => FaultPlan;

const FAULTS = {
  /** Rule "an id is never reused": a new session gets the id of one that ran before, there or elsewhere. */
  "reuse-id": (random) => {
    const given: number[] = [];
    return {
      profile: "torn",
      newId: (fresh) => {
        const id = given.length > 2 && random.chance(0.5) ? random.pick(given) : fresh();
        given.push(id);
        return id;
      },
    };
  },
  /** Rule 8: an update whose predecessors are missing is applied all the same. */
  "apply-over-gap": () => ({ createChannel: (options) => new GapApplyingChannel(options) }),
  /** Rule 8: the half of an answer is applied, and shown to others. */
  "show-half-an-answer": () => ({
    profile: "tight",
    world: HALVES,
    peers: { sliceBytes: 60, absorbBytes: 1, turnBytes: 1 },
    createChannel: (options) => new HalfwayChannel(options),
  }),
  /**
   * Rule 9: what to drop is decided inside the transaction that applies an update, while the index is half of
   * it.
   */
  "read-index-in-transaction": () => {
    const decided = new WeakSet<HolderView>();
    return {
      profile: "moving",
      rules: rulesCarryingOut(decided),
      createDocument: (options, recorder) => new HalfwayDocument(options, recorder, decided),
    };
  },
  /** Rule 4: a tombstone goes although another replica still holds what it covers. */
  "drop-tombstone-early": () => ({ rules: { ...documentRules, droppable: dropTombstones } }),
  /** Rule 1: equal stamps are decided by the segment, which changes when an entry moves. */
  "break-ties-by-segment": () => ({
    profile: "tight",
    rules: { ...documentRules, compare: compareSegments },
  }),
  /** Convergence without reconnecting: one update never arrives, on a connection that lives on. */
  "lose-one-frame": () => ({ profile: "calm", losesFrames: 1 }),
  /** Rule 12: an update is sent before the store has it. */
  "send-before-stored": () => ({
    profile: "crashing",
    world: { storeMs: 15 },
    wrapStorage: (storage) => new HastyStorage(storage),
  }),
  /** Rule 7: earlier sessions are taken over at once, whatever the peers know of them: the store was rolled back. */
  "take-over-torn": () => ({
    profile: "rollback-in-place",
    world: { keys: 12, deleteShare: 0.45, segmentStructs: 4, stepMs: 40 },
    wrapStorage: (storage) => new ForgetfulStorage(storage),
    createChannel: takingOverAtOnce,
  }),
} satisfies Record<string, Plant>;

export type FaultName = keyof typeof FAULTS;

export const faultNames = Object.keys(FAULTS) as FaultName[];

/** The plan of a fault for one run; a sound run has an empty one. */
export function plantFault(name: FaultName | undefined, random: Random): FaultPlan {
  return name === undefined ? {} : (FAULTS[name] as Plant)(random);
}

function takingOverAtOnce(options: ChannelOptions): Channel {
  const channel = new Channel(options);
  channel.replication.markSynced();
  while (channel.maintain({ idle: true }));
  return channel;
}

function dropTombstones<Holder extends HolderView>(highest: Holder | undefined): Holder[] {
  const dropped = documentRules.droppable(highest);
  for (let holder = highest; holder; holder = holder.next as Holder | undefined) {
    const early = holder.segment.owned && holder.json === undefined && !dropped.includes(holder);
    if (early) dropped.push(holder);
  }
  return dropped;
}

function compareSegments(...[a, b]: Parameters<DocumentRules["compare"]>): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  if (a.segment.id === b.segment.id) return documentRules.compare(a, b);
  return a.segment.id > b.segment.id ? 1 : -1;
}
