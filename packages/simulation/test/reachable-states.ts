// All states that a configuration reaches, by their normal forms: a plain walk without the search's own set of hashes,
// for the tests of the normal form. Small bounds only.
import { Canonicalizer } from "../src/model/canonical.js";
import { type Configuration, slotsOf } from "../src/model/configuration.js";
import { rulesNamed } from "../src/model/first-version-rules.js";
import { Ownership } from "../src/model/ownership.js";
import { ReplicaView } from "../src/model/replica-view.js";
import { initialState, type State } from "../src/model/state.js";
import type { Step } from "../src/model/step.js";
import { Transitions } from "../src/model/transitions.js";

/** The normal form of a state as text. */
export function rowKey(canonicalizer: Canonicalizer, state: State): string {
  const row = canonicalizer.row(state);
  return row.words.subarray(0, row.length).join();
}

/** The normal form under these bounds, replicas interchangeable or not. */
export function canonicalizerOf(bounds: Configuration, symmetric: boolean): Canonicalizer {
  return new Canonicalizer(bounds, new Ownership(bounds), symmetric);
}

/** The states within the bounds by their normal form, one for each. */
export function reachable(bounds: Configuration, canonicalizer: Canonicalizer): Map<string, State> {
  const first = initialState(slotsOf(bounds));
  const seen = new Map([[rowKey(canonicalizer, first), first]]);
  let level = [first];
  for (let step = 0; step < bounds.depth; step++) {
    const next: State[] = [];
    for (const state of level) {
      for (const { state: successor } of successors(bounds, state)) {
        const key = rowKey(canonicalizer, successor);
        if (seen.has(key)) continue;
        seen.set(key, successor);
        next.push(successor);
      }
    }
    level = next;
  }
  return seen;
}

/** What one step leads to. */
export function successors(bounds: Configuration, state: State): { state: State; step: Step }[] {
  const view = new ReplicaView(rulesNamed(bounds.rules, bounds.ties), new Ownership(bounds));
  const found: { state: State; step: Step }[] = [];
  new Transitions(bounds, view).forEach(state, (next, step) => found.push({ state: next, step }));
  return found;
}
