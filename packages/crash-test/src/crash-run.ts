// The crash test: a victim with a durable channel and two peers is killed and started again, cycle after cycle. After
// each start its store must show everything it acknowledged; at the end all three must be equal and have lost nothing.
import { setTimeout as pause } from "node:timers/promises";
import { Random } from "@chorus/simulation/parts";
import { Bystander } from "./bystander.js";
import { type CyclePlan, planCycle, VICTIM } from "./crash-plan.js";
import { damage, type FaultName } from "./crash-faults.js";
import { History } from "./history.js";
import type { ReplicaState, Setup } from "./messages.js";
import { Pace } from "./pace.js";
import { Counts, Failures, isNetworkError, Times } from "./tally.js";
import { waitUntil } from "./waiting.js";
import { WatchedVictim } from "./watched-victim.js";

export interface CrashOptions {
  readonly cycles: number;
  /** What each cycle does. Default: `planCycle`. */
  readonly plan?: (random: Random, acknowledgesEarly: boolean) => CyclePlan;
  /** Ends after so many kills that hit a fold. Default: after `cycles` cycles. */
  readonly foldKills?: number;
  readonly seed: number;
  /** An empty folder for the victim's store. */
  readonly folder: string;
  /** A planted fault, which must be found. */
  readonly fault?: FaultName;
  /** No further cycle is begun after so long. Default: none. */
  readonly maxMs?: number;
  /** Told after each cycle. */
  readonly onCycle?: (cycle: number) => void;
}

/** What came of a run. */
export interface CrashResult {
  readonly cycles: number;
  readonly announced: number;
  readonly acknowledged: number;
  /** Kills by what the victim was doing; "closed" counts victims that had closed before the kill. */
  readonly kills: Counts;
  readonly folds: number;
  readonly foldKills: number;
  /** From the start of the process to the open store. */
  readonly opened: Times;
  /** Of that, from the beginning to open it. */
  readonly opening: Times;
  /** From the start of the process to links that are all in sync. */
  readonly synced: Times;
  /** Checks of a whole store after a start. */
  readonly checks: number;
  readonly networkErrors: Counts;
  /** Of the victim, equal with its peers; undefined when it did not come to that. */
  readonly finalState: ReplicaState | undefined;
  readonly failures: readonly string[];
  /** The last cycles, as they went: where to look for the reason of a failure. */
  readonly lastCycles: readonly string[];
}

/** Small, so that a few seconds of writing are folded several times. */
const MIN_FOLD_BYTES = 64 * 1024;

const FINAL_DEADLINE_MS = 30_000;

/** Runs the crash test up to the first cycle that fails. Rejects only when the test itself cannot go on. */
export function runCrashTest(options: CrashOptions): Promise<CrashResult> {
  return new CrashRun(options).run();
}

class CrashRun {
  readonly #options: CrashOptions;
  readonly #random: Random;
  readonly #pace = new Pace();
  readonly #history = new History();
  readonly #failures = new Failures();
  readonly #kills = new Counts();
  readonly #networkErrors = new Counts();
  readonly #opened = new Times();
  readonly #opening = new Times();
  readonly #synced = new Times();
  #bystanders: Bystander[] = [];
  #victim: WatchedVictim | undefined;
  #cycle = 0;
  readonly #lives: string[] = [];
  #checks = 0;
  #folds = 0;
  /** Of the victim, once it has stored something: no crash may change it. */
  #replicaId: string | undefined;
  #finalState: ReplicaState | undefined;
  #foldKills = 0;

  constructor(options: CrashOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<CrashResult> {
    const { cycles, maxMs = Number.POSITIVE_INFINITY, plan = planCycle, onCycle } = this.#options;
    const { fault, foldKills = Number.POSITIVE_INFINITY } = this.#options;
    const endMs = performance.now() + maxMs;
    const isOver = (): boolean =>
      this.#cycle >= cycles ||
      this.#foldKills >= foldKills ||
      this.#failures.count > 0 ||
      performance.now() >= endMs;
    try {
      await this.#openBystanders();
      while (!isOver()) {
        this.#cycle++;
        await this.#runCycle(plan(this.#random, fault === "acknowledge-early"));
        onCycle?.(this.#cycle);
      }
      if (this.#failures.count === 0) await this.#finish();
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      await this.#victim?.child.end();
      await Promise.all(this.#bystanders.map((bystander) => bystander.close()));
    }
    return this.#result();
  }

  async #openBystanders(): Promise<void> {
    const fail = (error: unknown): void => {
      const { code = "unknown", message = String(error) } = error as { code?: string; message?: string };
      this.#errorEvent(code, `a peer: ${message}`);
    };
    for (const name of ["ann", "ben"]) this.#bystanders.push(await Bystander.open(name, this.#history, fail));
    const urls = this.#bystanders.map(({ url }) => url);
    for (const bystander of this.#bystanders) bystander.link(urls);
  }

  async #runCycle(plan: CyclePlan): Promise<void> {
    const victim = this.#start(plan.level);
    const { peerLoad } = plan;
    for (const [i, bystander] of this.#bystanders.entries())
      if (peerLoad) bystander.write({ ...peerLoad, seed: peerLoad.seed + i });
    try {
      if (plan.phase === "boot") await victim.until(({ startedMs }) => startedMs !== undefined);
      else await this.#lead(victim, plan);
      // A victim that never came to fold writes no longer for it: its log would only grow.
      if (plan.phase !== "folding" || victim.life.isFolding) await pause(this.#pace.delayMs(plan));
    } finally {
      this.#pace.note(victim.life, performance.now() - victim.child.startMs);
      const wasAlive = await victim.kill();
      this.#note(victim, wasAlive);
      const told = { ...plan, load: undefined, peerLoad: undefined, ...victim.life };
      this.#lives.push(`cycle ${this.#cycle}: ${JSON.stringify(told)}`);
      for (const bystander of this.#bystanders) await bystander.quiet();
    }
    if (this.#options.fault) damage(this.#options.fault, this.#options.folder);
  }

  /** Brings the victim to where it is to be killed. */
  async #lead(victim: WatchedVictim, plan: CyclePlan): Promise<void> {
    await victim.until(({ openedMs }) => openedMs !== undefined);
    if (plan.isLinked) victim.child.send({ kind: "link", urls: this.#bystanders.map(({ url }) => url) });
    victim.child.send({
      kind: "write",
      load: { ...plan.load, nextNumber: this.#history.nextNumber(VICTIM) },
    });
    if (plan.waitsForSync) await victim.until(({ syncedMs }) => syncedMs !== undefined);
    if (plan.phase === "acknowledgement") {
      const goal = victim.life.acknowledgements + plan.acknowledgements;
      await victim.until(({ acknowledgements }) => acknowledgements >= goal);
    } else if (plan.phase === "folding") {
      if (plan.foldsBefore) await victim.until(({ foldMs }) => foldMs !== undefined);
      await victim.until(({ isFolding }) => isFolding, plan.foldWaitMs).catch(() => undefined);
    } else if (plan.phase === "closing") {
      await victim.until(({ acknowledgements }) => acknowledgements > 0);
      victim.child.send({ kind: "close" });
      await victim.until(({ phase }) => phase === "closing");
    }
  }

  #start(level: Setup["level"]): WatchedVictim {
    const setup = { folder: this.#options.folder, level, minFoldBytes: MIN_FOLD_BYTES };
    this.#victim = new WatchedVictim(setup, {
      history: this.#history,
      failed: (code, message) => this.#errorEvent(code, `the victim: ${message}`),
      opened: (content, replicaId) => {
        this.#checkIdentity(replicaId);
        this.#check(content, "after the start");
      },
    });
    return this.#victim;
  }

  #note({ life, child }: WatchedVictim, wasAlive: boolean): void {
    this.#folds += life.folds;
    if (life.openedMs !== undefined && life.startedMs !== undefined) {
      this.#opened.add(life.openedMs);
      this.#opening.add(life.openedMs - life.startedMs);
    }
    if (life.syncedMs !== undefined) this.#synced.add(life.syncedMs);
    if (wasAlive && life.isFolding) this.#foldKills++;
    if (wasAlive) this.#kills.add(life.isFolding ? `${life.phase} while folding` : life.phase);
    else if (life.isClosed) this.#kills.add("closed");
    else this.#fail("the victim ended by itself");
    if (child.complaints !== "") this.#fail(`the victim printed: ${child.complaints}`);
  }

  /** All three must become equal, with nothing lost, and the store must show the same when it is opened alone. */
  async #finish(): Promise<void> {
    const victim = this.#start("sync");
    await victim.until(({ openedMs }) => openedMs !== undefined);
    victim.child.send({ kind: "link", urls: this.#bystanders.map(({ url }) => url) });
    for (const bystander of this.#bystanders) bystander.promiseAll();
    const areEqual = async (): Promise<boolean> => {
      const { contentHash } = await victim.child.ask({ kind: "hash" }, "hash");
      return this.#bystanders.every((bystander) => bystander.contentHash === contentHash);
    };
    await waitUntil(areEqual, { deadlineMs: FINAL_DEADLINE_MS, what: "all three to be equal" });
    const { state } = await victim.child.ask({ kind: "state" }, "state");
    this.#finalState = state;
    this.#check(new Map(state.content), "at the end, the victim");
    for (const bystander of this.#bystanders) this.#check(new Map(bystander.content()), "at the end, a peer");
    await victim.close();
    const again = this.#start("sync");
    const reopened = await again.child.ask({ kind: "state" }, "state");
    if (reopened.state.contentHash !== state.contentHash)
      this.#fail("opened again after a clean end, the store shows something else");
    await again.close();
  }

  #checkIdentity(replicaId: string): void {
    if (this.#replicaId !== undefined && replicaId !== this.#replicaId)
      this.#fail(`after the start: the victim was the replica ${this.#replicaId} and is now ${replicaId}`);
    if (this.#history.acknowledged > 0) this.#replicaId = replicaId;
  }

  #check(content: ReadonlyMap<string, string>, when: string): void {
    this.#checks++;
    for (const failure of this.#history.check(content)) this.#fail(`${when}: ${failure}`);
  }

  #errorEvent(code: string, message: string): void {
    const isEndOfChannel = code === "channel-closed" && this.#victim?.life.phase === "closing";
    if (isNetworkError(code) || isEndOfChannel) this.#networkErrors.add(code);
    else this.#fail(`${code}: ${message}`);
  }

  #fail(line: string): void {
    this.#failures.add(`cycle ${this.#cycle}: ${line}`);
  }

  #result(): CrashResult {
    return {
      cycles: this.#cycle,
      announced: this.#history.announced,
      acknowledged: this.#history.acknowledged,
      kills: this.#kills,
      folds: this.#folds,
      foldKills: this.#foldKills,
      opened: this.#opened,
      opening: this.#opening,
      synced: this.#synced,
      checks: this.#checks,
      networkErrors: this.#networkErrors,
      finalState: this.#finalState,
      failures: this.#failures.lines,
      lastCycles: this.#lives.slice(-3),
    };
  }
}
