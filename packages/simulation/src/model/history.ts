// The way to a state in words. The search keeps only where each state came from, with replicas in whatever order the
// normal form gave them; here the steps are taken again from the start, so that names stay the same throughout.
import { Canonicalizer } from "./canonical.js";
import { type Configuration, slotsOf } from "./configuration.js";
import { rulesNamed } from "./first-version-rules.js";
import { Ownership } from "./ownership.js";
import { ReplicaView } from "./replica-view.js";
import { initialState, type State, valueRankOf } from "./state.js";
import type { StateSet } from "./state-set.js";
import type { Step } from "./step.js";
import { Transitions } from "./transitions.js";

/** One step, and the state after it. */
export interface HistoryStep {
  readonly step: Step;
  readonly state: State;
}

/** The steps from the first state to that of `target`. @throws Error when they cannot be found: a fault in here */
export function historyOf(bounds: Configuration, states: StateSet, target: number): HistoryStep[] {
  const ownership = new Ownership(bounds);
  const canonicalizer = new Canonicalizer(bounds, ownership);
  const view = new ReplicaView(rulesNamed(bounds.rules, bounds.ties), ownership);
  const transitions = new Transitions(bounds, view);
  const steps: HistoryStep[] = [];
  let state = initialState(slotsOf(bounds));
  for (const index of pathTo(states, target)) {
    let found: HistoryStep | undefined;
    transitions.forEach(state, (next, step) => {
      if (!found && states.isAt(canonicalizer.row(next), index)) found = { step, state: next };
    });
    if (!found) throw new Error("a step of the history cannot be taken again: the normal form is wrong");
    steps.push(found);
    state = found.state;
  }
  return steps;
}

function pathTo(states: StateSet, target: number): number[] {
  const path: number[] = [];
  for (let index = target; index > 0; index = states.parentOf(index)) path.push(index);
  return path.reverse();
}

const REPLICA_NAMES = ["A", "B", "C", "D"] as const;

/** A history in one line, such as: `A sets "a" @1 · B syncs from A · B deletes @2`. Stamps follow the @. */
export function describeHistory(history: readonly HistoryStep[]): string {
  return history.map((taken) => describeStep(taken, history.at(-1)?.state)).join(" · ");
}

function describeStep({ step, state }: HistoryStep, last: State | undefined): string {
  const who = REPLICA_NAMES[step.replica];
  const from = step.from === undefined ? "" : REPLICA_NAMES[step.from];
  // A later set may have come between two values: only in the last state do ranks have their final order.
  const rank = valueRankOf(last?.operations[state.operations.length - 1] ?? 0);
  switch (step.action) {
    case "set":
      return `${who} sets "${String.fromCharCode(97 + rank)}" @${step.stamp}`;
    case "delete":
      return `${who} deletes @${step.stamp}`;
    case "sweep":
      return `${who} sweeps`;
    case "seal":
      return `${who} seals its segment`;
    case "restart":
      return `${who} starts a new session`;
    case "move":
      return `${who} moves`;
    case "deliver":
      return `${who} applies the next of ${from}`;
    case "sync":
      return `${who} syncs from ${from}`;
    case "retire":
      return `${who} retires ${from}`;
    case "leave":
      return `${who} leaves for ever`;
    case "backup":
      return `the store of ${who} is copied`;
    case "rollback":
      return `the copy starts as ${from} in place of ${who}`;
    case "clone":
      return `the store of ${who} is copied and starts as ${from} beside it`;
  }
}
