// One step of a history: what it is called, and who is told of the state it leads to. Types only.
import type { State } from "./state.js";

/** What a step did, for the history. `from` is where a delivery came from. */
export interface Step {
  readonly action: "set" | "delete" | "sweep" | "seal" | "restart" | "move" | "deliver" | "sync" | RoleAction;
  readonly replica: number;
  readonly stamp?: number;
  readonly from?: number;
}

/** What is done to a replica from outside. `from` is the one that is retired, or the copy. */
type RoleAction = "retire" | "leave" | "backup" | "rollback" | "clone";

/** Receives each successor of a state. */
export type Visit = (next: State, step: Step) => void;
