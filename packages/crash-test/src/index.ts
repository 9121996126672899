// Kills real processes with durable channels, for the project's own tests and commands; not published.
export { type CrashOptions, type CrashResult, runCrashTest } from "./crash-run.js";
export { type ProcessesOptions, type ProcessesResult, runProcesses } from "./processes-run.js";
