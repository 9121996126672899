// What happens to stores once in a run: folders and disks are copied, put back to what they were, lost, and replicas are
// given up. Each scenario prepares, strikes, sometimes finishes later, and says in the end what must have come of it.
import type { ChorusError } from "@chorus/core";
import type { StateVector } from "@chorus/core/internal";
import type { Disk } from "./disk.js";
import type { Host } from "./host.js";
import { type ActionWeights, CALM_WEIGHTS, type ScenarioName } from "./profile.js";
import { Scenario, type Stage } from "./scenario.js";

/** A folder is copied, and the copy becomes a second replica beside the original. */
class FolderClone extends Scenario {
  readonly #running: boolean;
  #isEmpty = false;
  #copy: Disk | undefined;
  #clone: Host | undefined;

  constructor(stage: Stage, running: boolean) {
    super(stage);
    this.#running = running;
  }

  async prepare(): Promise<void> {
    if (!this.host.process) await this.host.start();
    if (!this.#running) await this.host.stop();
    this.#copy = this.host.disk.copy(`${this.host.name}-copy`, this.stage.random);
    this.#isEmpty = this.#copy.size === 0;
    if (!this.#running) await this.host.start();
    this.count("copies");
  }

  async strike(): Promise<void> {
    const copy = this.#copy as Disk;
    await this.mustKeep("the copy", copy);
    this.#clone = this.stage.addHost(copy);
    this.#clone.allowedErrors.add("store-copied");
    await this.#clone.start();
    this.count("clones");
  }

  verify(): void {
    // Nothing says where a store was that has stored nothing yet.
    if (this.#isEmpty || this.#clone?.errors.has("store-copied")) return;
    this.fail("COPY UNDETECTED", "no store-copied");
  }
}

/** Until an image clone is found: its original must not be away with writes that nobody has. */
const TOGETHER_WEIGHTS: ActionWeights = { ...CALM_WEIGHTS, maintain: 30, slow: 0, wait: 0.2 };

/** An image clone is found when two that know of both have met. */
const DETECTION_MS = 120_000;

/**
 * A whole computer is copied, place and all, and runs beside the original. Nothing tells it so but the network. By
 * design it may lose what the original writes while that is away and the clone takes over its sessions; so both are
 * connected from the clone's start to its detection, and whoever may know of the original is an acquaintance.
 */
class ImageClone extends Scenario {
  #copy: Disk | undefined;
  #clone: Host | undefined;

  async prepare(): Promise<void> {
    await this.stage.settle();
    await this.live();
    this.#copy = this.host.disk.copy(this.host.disk.place, this.stage.random);
    this.count("images");
  }

  async strike(): Promise<void> {
    const { world, actions, random } = this.stage;
    await this.stage.settle();
    await this.mustKeep("the image", this.#copy as Disk);
    const clone = this.stage.addHost(this.#copy as Disk);
    this.#clone = clone;
    for (const host of this.stage.hosts) host.allowedErrors.add("replica-cloned");
    for (const host of [clone, this.host]) host.allowedErrors.add("store-copied");
    await clone.start();
    this.count("clones");
    const untilMs = world.scheduler.nowMs + DETECTION_MS;
    while (clone.process?.channel.replicaId === this.host.process?.channel.replicaId) {
      if (world.scheduler.nowMs > untilMs) return this.fail("CLONE UNDETECTED", "two of one replicaId");
      await actions.step(TOGETHER_WEIGHTS);
      world.scheduler.runFor(random.next() * world.profile.stepMs);
    }
    this.count("detected");
  }

  verify(): void {
    const told = [this.host, this.#clone].some((host) =>
      ["replica-cloned", "store-copied"].some((code) => host?.errors.has(code)),
    );
    if (!told) this.fail("CLONE UNTOLD", "neither the clone nor the original has an error event");
  }
}

/**
 * A store is put back to an earlier moment. In place nothing tells it so but the peers, who know what it has lost. By
 * design it may lose what only a peer knows that it first met after that moment; so it has met all before.
 */
class Rollback extends Scenario {
  readonly #kind: { running: boolean; place: "same" | "other" };
  #backup: Disk | undefined;
  #replicaId: string | undefined;
  #stored: StateVector = new Map();
  /** Sessions of the replica that the roll-back may have touched. */
  #sessions: readonly number[] = [];

  constructor(stage: Stage, kind: { running: boolean; place: "same" | "other" }) {
    super(stage);
    this.#kind = kind;
  }

  async prepare(): Promise<void> {
    const { host, stage } = this;
    await stage.settle();
    await this.live();
    if (!host.process) await host.start();
    this.#replicaId = host.process?.channel.replicaId;
    if (!this.#kind.running) await host.stop();
    const place = this.#kind.place === "same" ? host.disk.place : `${host.disk.place}-restored`;
    this.#backup = host.disk.copy(place, stage.random);
    if (!this.#kind.running) await host.start();
    this.count("backups");
  }

  async strike(): Promise<void> {
    const { host, stage } = this;
    const backup = this.#backup as Disk;
    if (stage.random.chance(0.5)) await host.stop();
    else host.crash(stage.random.chance(0.5));
    this.#sessions = [...host.sessionIds];
    await this.requireOthers();
    this.#stored = await this.mustKeep("the backup", backup);
    host.disk.revert(backup);
    host.disk.place = backup.place;
    host.allowedErrors.add("store-copied");
    // Alone at first, it may do what it must not before it has heard of what is lost.
    if (stage.random.chance(0.5)) {
      for (const { name } of stage.hosts)
        if (name !== host.name) stage.world.network.partition(host.name, name, true);
    }
    await host.start();
    this.count("rollbacks");
  }

  verify(known: StateVector): void {
    // What the replica learnt anew of its own sessions was the evidence.
    const lost = this.#sessions.filter((id) => (known.get(id) ?? 0) > (this.#stored.get(id) ?? 0));
    const expected = lost.length > 0 || this.#kind.place === "other";
    const told = this.host.errors.has("store-copied");
    const renounced = this.host.process?.channel.replicaId !== this.#replicaId;
    if (expected) this.count("evident");
    if (told === expected && renounced === expected) return;
    this.fail("ROLLBACK", `lost ${lost.join(" ") || "nothing"}, told ${told}, renounced ${renounced}`);
  }
}

/** How long a silent end of a replica can stay unnoticed by its peers. */
const NOTICED_MS = 60_000;

/** A replica ends for good and another one retires it; or it was not for good. */
class Retirement extends Scenario {
  override readonly allowsResurrection: boolean;
  readonly #returns: boolean;
  #replicaId = "";

  constructor(stage: Stage, returns: boolean) {
    super(stage);
    this.#returns = returns;
    this.allowsResurrection = returns;
  }

  async prepare(): Promise<void> {
    if (!this.host.process) await this.host.start();
  }

  async strike(): Promise<void> {
    const { host, stage } = this;
    if (!host.process) await host.start();
    this.#replicaId = host.process?.channel.replicaId ?? "";
    if (stage.random.chance(0.5)) await host.stop();
    else host.crash(stage.random.chance(0.5));
    stage.removeHost(host);
    await this.#retire(stage.random.pick(stage.hosts));
    if (stage.random.chance(0.3)) await this.#retire(stage.random.pick(stage.hosts));
  }

  override async finish(): Promise<void> {
    if (!this.#returns) return;
    this.host.allowedErrors.add("replica-retired");
    this.stage.hosts.push(this.host);
    await this.host.start();
    this.count("returns");
  }

  verify(): void {
    const [witness] = this.stage.hosts;
    // What was not stored when the one that retired it crashed has not happened.
    if (!witness?.process?.document.signatures.retired().has(this.#replicaId)) return;
    this.count("retired");
    if (this.#returns && this.host.process?.channel.replicaId === this.#replicaId)
      this.fail("NOT RENOUNCED", "it came back under its retired id");
    for (const { name, process } of this.#returns ? [] : this.stage.hosts) {
      const held = process?.document.heldInVain(this.#replicaId) ?? [];
      if (held.length > 0) this.fail("HELD", `${name} holds ${held.join(", ")}`);
    }
  }

  async #retire(retirer: Host): Promise<void> {
    const { world } = this.stage;
    if (!retirer.process) await retirer.start();
    const untilMs = world.scheduler.nowMs + NOTICED_MS;
    while (retirer.process && world.scheduler.nowMs < untilMs) {
      const { channel } = retirer.process;
      try {
        world.scheduler.turn(() => channel.retire(this.#replicaId));
        return this.count("retirements");
      } catch (error) {
        if ((error as ChorusError).code !== "replica-connected") throw error;
        world.scheduler.runFor(1_000);
      }
    }
    this.fail("NOT RETIRED", `by ${retirer.name}`);
  }
}

const SCENARIOS: Readonly<Record<ScenarioName, (stage: Stage) => Scenario>> = {
  "clone-running": (stage) => new FolderClone(stage, true),
  "clone-stopped": (stage) => new FolderClone(stage, false),
  "image-clone": (stage) => new ImageClone(stage),
  rollback: (stage) => new Rollback(stage, { running: true, place: "same" }),
  "rollback-in-place": (stage) => new Rollback(stage, { running: false, place: "same" }),
  "backup-restored": (stage) => new Rollback(stage, { running: stage.random.chance(0.5), place: "other" }),
  retire: (stage) => new Retirement(stage, false),
  "retire-returns": (stage) => new Retirement(stage, true),
};

export function createScenario(name: ScenarioName, stage: Stage): Scenario {
  return SCENARIOS[name](stage);
}
