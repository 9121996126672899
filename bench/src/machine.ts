// What a figure was measured on. Must never hold names or paths of the machine.
import { availableParallelism, cpus } from "node:os";

/** One line for the head of every report: cores, processor, Node version, platform. */
export function machineLine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${availableParallelism()} cores (${model}), Node ${process.version}, ${process.platform} ${process.arch}`;
}
