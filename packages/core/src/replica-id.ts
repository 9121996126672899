// Fresh names for replicas.
import type { Runtime } from "./runtime.js";

/** A replicaId that nobody has: 106 random bits as 22 digits and lower-case letters. */
export function newReplicaId(runtime: Runtime): string {
  return [runtime.newId(), runtime.newId()].map((id) => id.toString(36).padStart(11, "0")).join("");
}
