// What all scenarios have in common: the stage that they act on, when they act, and what must be kept by all of them.
import type { StateVector } from "@chorus/core/internal";
import type { Actions } from "./actions.js";
import type { Disk } from "./disk.js";
import type { Host, World } from "./host.js";
import type { Random } from "./random.js";
import { storedVector } from "./stored-vector.js";

/** What scenarios act on. */
export interface Stage {
  readonly world: World;
  /** Those that must be equal in the end. */
  readonly hosts: Host[];
  readonly actions: Actions;
  readonly random: Random;
  /** A host that joins the run; it dials all others. */
  addHost(disk: Disk): Host;
  /** It takes no part any more, until it is given back to `hosts`. */
  removeHost(host: Host): void;
  /** Heals everything, and waits until all hosts run, are connected, and equal. */
  settle(): Promise<void>;
}

/** What all replicas must know in the end, because somebody had stored it. */
export interface Requirement {
  readonly holder: string;
  readonly vector: StateVector;
}

export abstract class Scenario {
  readonly requirements: Requirement[] = [];
  /** A deleted value may be back: docs/document.md says so. */
  readonly allowsResurrection: boolean = false;
  protected readonly stage: Stage;
  /** The replica that it happens to. */
  protected readonly host: Host;

  constructor(stage: Stage) {
    this.stage = stage;
    this.host = stage.random.pick(stage.hosts);
  }

  abstract prepare(): Promise<void>;

  abstract strike(): Promise<void>;

  /** Some time after the strike. */
  async finish(): Promise<void> {}

  /** When all are equal and idle. @param known the state vector that all ended with */
  abstract verify(known: StateVector): void;

  protected fail(kind: string, detail: string): void {
    this.stage.world.fail(kind, `${this.host.name}: ${detail}`);
  }

  protected count(name: string): void {
    this.stage.world.counters.add(`scenario.${name}`);
    this.stage.world.trace?.(`scenario: ${name} of ${this.host.name}`);
  }

  /** What is stored on a disk must be known in the end. */
  protected async mustKeep(holder: string, disk: Disk): Promise<StateVector> {
    const vector = await storedVector(disk, this.stage.world, this.stage.random);
    this.requirements.push({ holder, vector });
    return vector;
  }

  /** Random steps, so that what follows does not find everything clean and at rest. */
  protected async live(): Promise<void> {
    const { actions, random, world } = this.stage;
    for (let left = random.below(30); left > 0; left--) {
      await actions.step();
      world.scheduler.runFor(random.next() * world.profile.stepMs);
    }
  }

  protected async requireOthers(): Promise<void> {
    for (const host of this.stage.hosts) if (host !== this.host) await this.mustKeep(host.name, host.disk);
  }
}

/** At which steps of a run something happens. */
export function planScenario(
  scenario: Scenario,
  random: Random,
  steps: number,
): Map<number, (() => Promise<void>)[]> {
  const plan = new Map<number, (() => Promise<void>)[]>();
  const at = (low: number, high: number, event: () => Promise<void>): void => {
    const step = Math.floor(random.between(low, high) * steps);
    plan.set(step, [...(plan.get(step) ?? []), event]);
  };
  at(0.1, 0.4, () => scenario.prepare());
  at(0.45, 0.7, () => scenario.strike());
  at(0.75, 0.9, () => scenario.finish());
  return plan;
}
