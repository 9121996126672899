// What happens in one cycle of the crash test, drawn from the seed: how the victim writes, who is connected, and when it
// is killed. Pure; the machine decides what exactly a kill hits.
import type { Random } from "@chorus/simulation/parts";
import type { KeyGroup, Load } from "./messages.js";

/** What the victim is doing when it is killed. */
export type Phase = "boot" | "writing" | "acknowledgement" | "folding" | "closing";

const PHASES: readonly Phase[] = ["boot", "writing", "acknowledgement", "folding", "closing"];

export interface CyclePlan {
  readonly phase: Phase;
  /** How far the phase gets: this share of the time that it usually takes. Above 1 it may be over. */
  readonly share: number;
  /** Which acknowledgement is followed by the kill. */
  readonly acknowledgements: number;
  /** Whether one fold comes to its end before the one that is hit: without any the log would grow for ever. */
  readonly foldsBefore: boolean;
  /** How long a fold is awaited, in milliseconds: not every load writes enough for one. Then the kill comes without. */
  readonly foldWaitMs: number;
  /** Whether the victim knows its peers in this cycle. */
  readonly isLinked: boolean;
  /** Whether the kill waits until the links are in sync. */
  readonly waitsForSync: boolean;
  readonly level: "sync" | "os";
  readonly load: Omit<Load, "nextNumber">;
  /** What the peers write meanwhile; undefined for nothing. */
  readonly peerLoad: Omit<Load, "nextNumber" | "writer"> | undefined;
}

export const VICTIM = "victim";

const FEW: KeyGroup = { prefix: "few-", keys: 20 };
const MANY: KeyGroup = { prefix: "many-", keys: 2_000 };

const HEAVY = { groups: [MANY, FEW], maxBurst: 200, maxPauseMs: 0, padBytes: 400 };

const SYNC_SHARE = 0.8;

/** One cycle's plan. */
export function planCycle(random: Random, acknowledgesEarly: boolean): CyclePlan {
  const phase = random.pick(PHASES);
  const isLinked = random.chance(0.6);
  return {
    phase,
    share: random.between(0, 1.2),
    acknowledgements: 1 + random.below(12),
    foldsBefore: false,
    foldWaitMs: 1_500,
    isLinked,
    waitsForSync: isLinked && random.chance(0.5),
    level: random.chance(SYNC_SHARE) ? "sync" : "os",
    // Only who writes much is folded in good time.
    load: { ...planLoad(random), ...(phase === "folding" && HEAVY), writer: VICTIM, acknowledgesEarly },
    peerLoad: random.chance(0.5)
      ? { ...planLoad(random), maxBurst: 5, maxPauseMs: 30, acknowledgesEarly: false }
      : undefined,
  };
}

function planLoad(random: Random): Omit<Load, "nextNumber" | "writer" | "acknowledgesEarly"> {
  const isMany = random.chance(0.5);
  return {
    seed: random.seed(),
    groups: isMany ? [MANY, FEW] : [FEW],
    maxBurst: isMany ? 200 : 8,
    maxPauseMs: random.pick([0, 2, 10]),
    deletes: random.pick([0, 0.1, 0.4]),
    padBytes: random.pick([0, 40, 400]),
  };
}

/** With long values, so that a fold takes a while: five megabytes are 80 slices, and are soon written again. */
const CROWD: KeyGroup = { prefix: "crowd-", keys: 5_000 };

/** One cycle that ends in the middle of a fold, alone with the disk most of the time. */
export function planFoldCycle(random: Random, acknowledgesEarly: boolean): CyclePlan {
  return {
    phase: "folding",
    share: random.between(0, 1.2),
    acknowledgements: 0,
    foldsBefore: random.chance(0.3),
    foldWaitMs: 15_000,
    isLinked: random.chance(0.1),
    waitsForSync: false,
    level: random.chance(SYNC_SHARE) ? "sync" : "os",
    load: {
      ...{ seed: random.seed(), writer: VICTIM, acknowledgesEarly },
      groups: [CROWD],
      // Short turns with short pauses: the fold must get on beside them.
      maxBurst: 100,
      maxPauseMs: 10,
      deletes: 0.02,
      padBytes: 1_000,
    },
    peerLoad: undefined,
  };
}
