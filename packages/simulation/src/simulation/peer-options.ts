// The limits of the peer sets of a simulated world.
import type { PeerSetOptions } from "@chorus/core";
import { MAX_DELAY_MS } from "@chorus/core/internal";
import type { Profile } from "./profile.js";
import type { Random } from "./random.js";

/** Longer than any run, in milliseconds: switches an interval off. */
const NEVER_MS = MAX_DELAY_MS;

/** Limits small enough for short histories to reach them. */
export function peerSetOptionsFor(profile: Profile, random: Random): Omit<PeerSetOptions, "dial"> {
  return {
    sliceBytes: random.pick([60, 200, 64 * 1024]),
    // Answers that are applied in turns, a part at a time, with whatever happens between.
    absorbBytes: random.pick([1, 1, 300, 256 * 1024]),
    turnBytes: random.pick([1, 200, 1024 * 1024]),
    inboxBytes: random.pick([100, 1_000, 1024 * 1024]),
    backoffMinMs: random.pick([20, 100]),
    backoffMaxMs: random.pick([300, 3_000, 30_000]),
    ackDelayMs: random.pick([5, 50]),
    digestIntervalMs: profile.calm ? NEVER_MS : random.pick([2_000, 15_000]),
  };
}
