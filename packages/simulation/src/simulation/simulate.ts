// One run: a world of its own from one seed, random steps, healing, and the verdict. Everything in it is a
// function of the seed: the same seed and options give the same run, to the last byte.
import type { PeerSetOptions } from "@chorus/core";
import { Actions } from "./actions.js";
import { contentsOf, describeDifference, verifyReplicas } from "./checks.js";
import { Counters } from "./counters.js";
import { type FaultName, type FaultPlan, plantFault } from "./faults.js";
import { Fingerprint } from "./fingerprint.js";
import { FRAME_UPDATE, frameKind } from "./frame-kinds.js";
import { History } from "./history.js";
import { Host, type World } from "./host.js";
import { chooseDials, chooseProfile, type Profile } from "./profile.js";
import { Random } from "./random.js";
import { Scheduler } from "./scheduler.js";
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
/** Longer than any run, in milliseconds: switches an interval off. */
const NEVER_MS = 2 ** 31 - 1;

/** Runs one seed. Never throws: an exception of the engine is a failure of the run. */
export function simulate(options: SimulateOptions): RunResult {
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
  readonly #actions: Actions;
  #framesToLose = 0;

  constructor(options: SimulateOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#fault = plantFault(options.fault, this.#random.fork());
    this.#profile = chooseProfile(this.#random, options.profile ?? this.#fault.profile);
    this.#network = this.#createNetwork();
    this.#world = this.#createWorld();
    this.#hosts = this.#createHosts();
    this.#actions = new Actions(this.#world, this.#hosts, this.#random.fork());
  }

  run(): RunResult {
    this.#world.trace?.(`profile ${JSON.stringify(this.#profile)}`);
    try {
      for (const host of this.#hosts) this.#scheduler.turn(() => host.start());
      this.#scheduler.runFor(this.#random.between(0, 300));
      this.#act();
      if (this.#profile.calm) this.#settleCalm();
      this.#heal();
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

  #act(): void {
    for (let step = 0; step < this.#options.steps; step++) {
      this.#actions.step();
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

  #heal(): void {
    this.#world.trace?.("healing");
    for (const a of this.#hosts) for (const b of this.#hosts) this.#network.heal(a.name, b.name);
    for (const connection of this.#network.connections) connection.setRate(undefined);
    for (const host of this.#hosts) {
      this.#scheduler.turn(() => (host.process ? host.peer(1) : host.start()));
    }
    const startMs = this.#scheduler.nowMs;
    while (!this.#isEqual()) {
      this.#scheduler.runFor(500);
      if (this.#scheduler.nowMs - startMs < HEALING_DEADLINE_MS && this.#failures.length === 0) continue;
      return this.#fail("NOT EQUAL AFTER HEALING", describeDifference(this.#hosts));
    }
    this.#counters.add("healingSeconds", Math.round((this.#scheduler.nowMs - startMs) / 1_000));
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
    const findings = this.#history.judge(contentsOf(judged), judged.document.vector());
    for (const { kind, key, detail } of findings) this.#fail(kind, `${key}: ${detail}`);
    this.#counters.add("historyWrites", this.#history.writes.length);
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
      documents: () => this.#hosts.flatMap(({ lastDocument }) => lastDocument ?? []),
      peerSetOptions: peerSetOptionsFor(this.#profile, this.#random),
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

/** Limits small enough for short histories to reach them. */
function peerSetOptionsFor(profile: Profile, random: Random): Omit<PeerSetOptions, "dial"> {
  return {
    sliceBytes: random.pick([60, 200, 64 * 1024]),
    inboxBytes: random.pick([100, 1_000, 1024 * 1024]),
    backoffMinMs: random.pick([20, 100]),
    backoffMaxMs: random.pick([300, 3_000, 30_000]),
    ackDelayMs: random.pick([5, 50]),
    digestIntervalMs: profile.calm ? NEVER_MS : random.pick([2_000, 15_000]),
  };
}
