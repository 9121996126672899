// One run: a world of its own from one seed, random steps, healing, and the verdict. Everything in it is a
// function of the seed: the same seed and options give the same run, to the last byte.
import type { StateVector } from "@chorus/core/internal";
import { Actions } from "./actions.js";
import { contentsOf, describeDifference, verifyReplicas } from "./checks.js";
import { Counters } from "./counters.js";
import { type FaultName, type FaultPlan, plantFault } from "./faults.js";
import { Fingerprint } from "./fingerprint.js";
import { FRAME_UPDATE, frameKind } from "./frame-kinds.js";
import { History } from "./history.js";
import { Host, type World } from "./host.js";
import type { Disk } from "./disk.js";
import { chooseProfile, type Profile, type ScenarioName } from "./profile.js";
import { peerSetOptionsFor } from "./peer-options.js";
import { Random } from "./random.js";
import { planScenario, type Scenario } from "./scenario.js";
import { createScenario } from "./scenarios.js";
import { Scheduler } from "./scheduler.js";
import { chooseDials } from "./topology.js";
import { VirtualNetwork } from "./virtual-network.js";

export interface SimulateOptions {
  seed: number;
  /** Random actions before the healing. */
  steps: number;
  fault?: FaultName;
  /** Instead of the seed's own profile. */
  profile?: string;
  /** Receives the event log. */
  trace?: (line: string) => void;
}

export interface Failure {
  kind: string;
  detail: string;
}

export interface RunResult {
  seed: number;
  profile: string;
  failures: Failure[];
  counts: Record<string, number>;
  /** A hash of every frame delivered, with its time: equal runs have equal ones. */
  fingerprint: string;
}

/** Healed replicas that are not equal after this long never will be. */
const HEALING_DEADLINE_MS = 240_000;
/** In a calm run all frames have arrived and are worked off by then. */
const CALM_SETTLING_MS = 8_000;
/** Runs one seed. Never rejects: an exception of the engine is a failure of the run. */
export function simulate(options: SimulateOptions): Promise<RunResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulateOptions;
  readonly #random: Random;
  readonly #scheduler = new Scheduler();
  readonly #history = new History();
  readonly #counters = new Counters();
  readonly #fingerprint = new Fingerprint();
  readonly #failures: Failure[] = [];
  readonly #fault: FaultPlan;
  readonly #profile: Profile;
  readonly #network: VirtualNetwork;
  readonly #world: World;
  readonly #hosts: Host[];
  /** They take no part any more; what their documents held still tells what others could not see. */
  readonly #absent: Host[] = [];
  readonly #actions: Actions;
  readonly #scenario: Scenario | undefined;
  #framesToLose = 0;

  constructor(options: SimulateOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#fault = plantFault(options.fault, this.#random.fork());
    const chosen = chooseProfile(this.#random, options.profile ?? this.#fault.profile);
    this.#profile = { ...chosen, ...this.#fault.world };
    this.#network = this.#createNetwork();
    this.#world = this.#createWorld();
    this.#hosts = this.#createHosts();
    this.#actions = new Actions(this.#world, this.#hosts, this.#random.fork());
    this.#scenario = this.#profile.scenario && this.#createScenario(this.#profile.scenario);
  }

  async run(): Promise<RunResult> {
    this.#world.trace?.(`profile ${JSON.stringify(this.#profile)}`);
    try {
      for (const host of this.#hosts) await host.start();
      this.#scheduler.runFor(this.#random.between(0, 300));
      await this.#act();
      if (this.#profile.calm) this.#settleCalm();
      await this.#heal();
      this.#idle();
      this.#verify();
      for (const host of this.#hosts) host.collect();
    } catch (error) {
      this.#fail("EXCEPTION", error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    this.#counters.add(`profile.${this.#profile.name}`);
    return {
      seed: this.#options.seed,
      profile: this.#profile.name,
      failures: this.#failures,
      counts: this.#counters.toJSON(),
      fingerprint: this.#fingerprint.toString(),
    };
  }

  async #act(): Promise<void> {
    const { steps } = this.#options;
    const plan = this.#scenario && planScenario(this.#scenario, this.#random, steps);
    for (let step = 0; step < steps; step++) {
      for (const event of plan?.get(step) ?? []) await event();
      await this.#actions.step();
      this.#scheduler.runFor(this.#random.next() * this.#profile.stepMs);
      for (const { name, process } of this.#hosts) {
        if (process?.document.holdsBack) this.#fail("PENDING IN YJS", `${name} at step ${step}`);
      }
      if (this.#failures.length > 0) return;
    }
  }

  /** The writes have stopped and no frame was lost: what is under way is enough to make all equal. */
  #settleCalm(): void {
    for (const connection of this.#network.connections) connection.setRate(undefined);
    this.#scheduler.runFor(CALM_SETTLING_MS);
    this.#framesToLose = this.#fault.losesFrames ?? 0;
    for (let left = 3; left > 0; left--) this.#actions.write();
    this.#scheduler.runFor(CALM_SETTLING_MS);
    if (!this.#isEqual()) this.#fail("NOT EQUAL WITHOUT RECONNECTING", describeDifference(this.#hosts));
    this.#counters.add("calmChecks");
  }

  async #heal(): Promise<void> {
    this.#world.trace?.("healing");
    await this.#repair();
    const startMs = this.#scheduler.nowMs;
    while (!this.#isEqual()) {
      this.#scheduler.runFor(500);
      if (this.#scheduler.nowMs - startMs < HEALING_DEADLINE_MS && this.#failures.length === 0) continue;
      return this.#fail("NOT EQUAL AFTER HEALING", describeDifference(this.#hosts));
    }
    this.#counters.add("healingSeconds", Math.round((this.#scheduler.nowMs - startMs) / 1_000));
  }

  /** Nothing is broken any more, and all hosts run. */
  async #repair(): Promise<void> {
    for (const a of this.#hosts) for (const b of this.#hosts) this.#network.heal(a.name, b.name);
    for (const connection of this.#network.connections) connection.setRate(undefined);
    for (const { disk } of this.#hosts) disk.trouble = undefined;
    for (const host of this.#hosts) {
      if (host.process) this.#scheduler.turn(() => host.peer(1));
      else if (!(await host.start())) this.#fail("STOPPED", `${host.name} does not start on a sound disk`);
    }
  }

  /** For a scenario: all replicas have met, are equal, and have stored whom they met. */
  async #settle(): Promise<void> {
    this.#world.trace?.("settling");
    await this.#repair();
    for (const host of this.#hosts) this.#scheduler.turn(() => host.redial());
    const untilMs = this.#scheduler.nowMs + HEALING_DEADLINE_MS;
    const wait = (isDone: () => boolean): void => {
      while (!isDone() && this.#scheduler.nowMs < untilMs && this.#failures.length === 0)
        this.#scheduler.runFor(50);
    };
    wait(() => this.#hosts.every((host) => host.hasReachedAll()) && this.#isEqual());
    // Whom a replica has met is stored with its next update.
    for (const host of this.#hosts) this.#actions.write(host);
    this.#scheduler.runFor(500);
    wait(() => this.#isEqual());
    if (!this.#isEqual()) this.#fail("NOT SETTLED", describeDifference(this.#hosts));
  }

  /** Equal replicas must stay equal while all that can be dropped and moved is. */
  #idle(): void {
    for (let round = 0; round < this.#hosts.length + 3; round++) {
      this.#scheduler.turn(() => {
        for (const { process } of this.#hosts) process?.channel.maintain({ idle: true });
      });
      this.#scheduler.runFor(600);
    }
    // Past an exchange of digests, which raises an error event on silent divergence.
    this.#scheduler.runFor(this.#profile.calm ? 3_000 : 40_000);
  }

  #verify(): void {
    for (const failure of verifyReplicas(this.#hosts)) this.#failures.push(failure);
    const judged = this.#hosts[0]?.process;
    if (!judged) return;
    const known = judged.document.vector();
    for (const { kind, key, detail } of this.#history.judge(contentsOf(judged), known)) {
      if (kind === "RESURRECTED" && this.#scenario?.allowsResurrection) this.#counters.add("resurrections");
      else this.#fail(kind, `${key}: ${detail}`);
    }
    this.#counters.add("historyWrites", this.#history.writes.length);
    if (this.#scenario && this.#failures.length === 0) this.#verifyScenario(this.#scenario, known);
  }

  #verifyScenario(scenario: Scenario, known: StateVector): void {
    for (const { holder, vector } of scenario.requirements) {
      for (const [session, clock] of vector) {
        const kept = known.get(session) ?? 0;
        if (kept < clock)
          this.#fail("STORED AND LOST", `${holder} had ${clock} of ${session}, kept are ${kept}`);
      }
    }
    scenario.verify(known);
  }

  #isEqual(): boolean {
    return verifyReplicas(this.#hosts, { quick: true }).length === 0;
  }

  #fail(kind: string, detail: string): void {
    this.#options.trace?.(`FAILURE ${kind}: ${detail}`);
    this.#failures.push({ kind, detail });
  }

  #createWorld(): World {
    const { trace } = this.#options;
    return {
      scheduler: this.#scheduler,
      network: this.#network,
      history: this.#history,
      counters: this.#counters,
      profile: this.#profile,
      fault: this.#fault,
      documents: () => [...this.#hosts, ...this.#absent].flatMap(({ lastDocument }) => lastDocument ?? []),
      peerSetOptions: { ...peerSetOptionsFor(this.#profile, this.#random), ...this.#fault.peers },
      fail: (kind, detail) => this.#fail(kind, detail),
      trace: trace && ((line) => trace(`${this.#scheduler.nowMs.toFixed(3)} ${line}`)),
    };
  }

  #createNetwork(): VirtualNetwork {
    return new VirtualNetwork({
      scheduler: this.#scheduler,
      random: this.#random.fork(),
      conditions: { latencyMs: this.#profile.latencyMs, byteWeight: this.#profile.byteWeight },
      inspect: (frame, from, to) => this.#inspect(frame, `${from}→${to}`),
    });
  }

  #createHosts(): Host[] {
    const names = Array.from({ length: this.#profile.replicas }, (_, index) =>
      String.fromCharCode(97 + index),
    );
    const dials = chooseDials(this.#profile, this.#random);
    return names.map((name, index) => {
      const urls = (dials.get(index) ?? []).map((target) => names[target] as string);
      return new Host(name, this.#world, { random: this.#random.fork(), dials: urls });
    });
  }

  #createScenario(name: ScenarioName): Scenario {
    const random = this.#random.fork();
    return createScenario(name, {
      world: this.#world,
      hosts: this.#hosts,
      actions: this.#actions,
      random,
      addHost: (disk) => this.#addHost(disk, random),
      removeHost: (host) => {
        this.#hosts.splice(this.#hosts.indexOf(host), 1);
        this.#absent.push(host);
      },
      settle: () => this.#settle(),
    });
  }

  #addHost(disk: Disk, random: Random): Host {
    const dials = this.#hosts.map(({ name }) => name);
    const host = new Host("z", this.#world, { random: random.fork(), dials, disk });
    this.#hosts.push(host);
    return host;
  }

  /** Sees every frame at its arrival. */
  #inspect(frame: Uint8Array, direction: string): boolean {
    const kind = frameKind(frame);
    this.#counters.add(`frames.${kind}`);
    this.#fingerprint.add(frame, this.#scheduler.nowMs);
    const lost = kind === FRAME_UPDATE && this.#framesToLose > 0;
    if (lost) this.#framesToLose--;
    this.#world.trace?.(`${direction} ${kind} ${frame.length} B${lost ? ", LOST" : ""}`);
    return !lost;
  }
}
