// Hands a replica a large answer as a connection does, and notes what the connection is told. One part takes a turn.
import type { AbsorptionWatch } from "../src/channel-replication.js";
import type { ChorusError } from "../src/errors.js";
import type { StateVector } from "../src/state-vector.js";
import type { Replica } from "./replica.js";

/** A part a turn. */
const LIMITS = { turnBudgetMs: 1_000, turnBytes: 1 };

/** What the connection is told. */
export class Watch implements AbsorptionWatch {
  readonly limits = LIMITS;
  readonly results: string[] = [];
  readonly advanced: StateVector[] = [];

  progress(): void {}

  ended(result: string): void {
    this.results.push(result);
  }

  failed(error: unknown): void {
    this.results.push((error as ChorusError).code);
  }

  stored(advanced: StateVector): void {
    this.advanced.push(advanced);
  }
}

/** Begins to apply the parts; the replica's turns bring it to the end. */
export function absorb(to: Replica, parts: readonly Uint8Array[], source: object = to): Watch {
  const watch = new Watch();
  to.channel.replication.absorb(parts, source, watch);
  return watch;
}
