// Fresh names for replicas.
import type { Runtime } from "./runtime.js";

/** Whether a value can be a replicaId: 1 to 128 printable ASCII characters. */
export function isReplicaId(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,128}$/.test(value);
}

/** A replicaId that nobody has: 106 random bits as 22 digits and lower-case letters. */
export function newReplicaId(runtime: Runtime): string {
  return [runtime.newId(), runtime.newId()].map((id) => id.toString(36).padStart(11, "0")).join("");
}
