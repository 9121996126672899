// Breadth-first over every state that can be reached within the bounds, so that the first failure found is one of the
// shortest. It knows neither the rules nor what a failure is; it only sees to it that nothing is left out.
import { Canonicalizer, stateOfRow } from "./canonical.js";
import { Checks, type Failure } from "./checks.js";
import { type Configuration, slotsOf } from "./configuration.js";
import { rulesNamed } from "./first-version-rules.js";
import { Frontier } from "./frontier.js";
import { type HistoryStep, historyOf } from "./history.js";
import { Ownership } from "./ownership.js";
import { ReplicaView } from "./replica-view.js";
import { initialState } from "./state.js";
import { StateSet } from "./state-set.js";
import { Transitions } from "./transitions.js";

/** One kind of failure: how often it was found, and one of the shortest ways to it. */
export interface Finding {
  readonly failure: Failure;
  /** The number of states, not counting those that differ only by which replica is which. */
  count: number;
  readonly history: readonly HistoryStep[];
}

/** What a search found out. */
export interface SearchResult {
  readonly configuration: Configuration;
  /** Distinct states reached and checked, the first included; states that behave alike count once. */
  readonly states: number;
  /** Transitions tried: how often one of these states was reached. */
  readonly transitions: number;
  readonly milliseconds: number;
  /** Whether every state within the bounds was reached: false after an early stop. */
  readonly complete: boolean;
  /** Why it ended. `bounds`: the search ran out of states before the depth, so it covers histories of any length. */
  readonly endedBy: "bounds" | "depth" | "first failure" | "limit";
  /** Steps of the longest of the shortest histories: the depth at which the last new state was found. */
  readonly depthReached: number;
  readonly findings: readonly Finding[];
}

/** Tries every interleaving within the bounds. */
export function search(bounds: Configuration): SearchResult {
  return new Search(bounds).run();
}

class Search {
  readonly #bounds: Configuration;
  readonly #canonicalizer: Canonicalizer;
  readonly #transitions: Transitions;
  readonly #checks: Checks;
  readonly #states = new StateSet();
  readonly #findings = new Map<Failure, Finding>();
  #transitionsTried = 0;
  #depthReached = 0;
  #endedBy: SearchResult["endedBy"] | undefined;

  constructor(bounds: Configuration) {
    const ownership = new Ownership(bounds);
    const view = new ReplicaView(rulesNamed(bounds.rules, bounds.ties), ownership);
    this.#bounds = bounds;
    this.#canonicalizer = new Canonicalizer(bounds, ownership);
    this.#transitions = new Transitions(bounds, view);
    this.#checks = new Checks(view, bounds);
  }

  run(): SearchResult {
    const startedAt = performance.now();
    let frontier = new Frontier();
    const first = this.#canonicalizer.row(initialState(slotsOf(this.#bounds)));
    this.#states.add(first, -1);
    frontier.push(first, 0);
    for (let depth = 1; depth <= this.#bounds.depth && !this.#endedBy; depth++) {
      const next = new Frontier();
      const before = this.#states.size;
      frontier.drain((words, offset, index) => this.#expand({ words, offset, index }, next));
      if (this.#states.size > before) this.#depthReached = depth;
      else this.#endedBy ??= "bounds";
      frontier = next;
    }
    return this.#result(performance.now() - startedAt);
  }

  #result(milliseconds: number): SearchResult {
    const endedBy = this.#endedBy ?? "depth";
    return {
      configuration: this.#bounds,
      states: this.#states.size,
      transitions: this.#transitionsTried,
      milliseconds,
      complete: endedBy === "bounds" || endedBy === "depth",
      endedBy,
      depthReached: this.#depthReached,
      findings: [...this.#findings.values()],
    };
  }

  #expand(from: { words: Int32Array; offset: number; index: number }, next: Frontier): boolean {
    this.#transitions.forEach(stateOfRow(from.words, from.offset), (state) => {
      this.#transitionsTried++;
      const row = this.#canonicalizer.row(state);
      if (this.#endedBy || !this.#states.add(row, from.index)) return;
      const index = this.#states.size - 1;
      next.push(row, index);
      for (const failure of this.#checks.failures(state)) this.#record(failure, index);
      if (this.#states.size >= this.#bounds.maxStates) this.#endedBy ??= "limit";
    });
    return !this.#endedBy;
  }

  #record(failure: Failure, index: number): void {
    const known = this.#findings.get(failure);
    if (known) {
      known.count++;
      return;
    }
    const history = historyOf(this.#bounds, this.#states, index);
    this.#findings.set(failure, { failure, count: 1, history });
    if (this.#bounds.stopAtFirst && failure !== "held") this.#endedBy = "first failure";
  }
}
