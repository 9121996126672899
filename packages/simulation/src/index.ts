// Model checker and simulation of Chorus, for its own tests and commands; not published.
export { type FaultName, faultNames } from "./simulation/faults.js";
export type { History, Write } from "./simulation/history.js";
export { profileNames } from "./simulation/profile.js";
export { type Failure, type RunResult, simulate, type SimulateOptions } from "./simulation/simulate.js";
