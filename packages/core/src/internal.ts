// What sister packages need beyond the public surface: the decisions, for the model checker, and the joints at which
// the simulation plants its faults; how the records and failures of a store are told from others; checks and delays that
// other packages must make as core does. Not for applications; may change in any release.
export { type BackoffBounds, backoffMs } from "./backoff.js";
export * from "./channel-replication.js";
export { Digest } from "./document/digest.js";
export { SegmentDocument, type SegmentDocumentOptions } from "./document/segment-document.js";
export { Emitter } from "./emitter.js";
export { assertKey, assertValueSize, MAX_DELAY_MS, MAX_KEY_BYTES, MAX_VALUE_BYTES } from "./limits.js";
export { isReplicaId } from "./replica-id.js";
export { type ReplicationLimits, resolveLimits } from "./replication-options.js";
export * from "./rules.js";
export * from "./stamp.js";
export * from "./state-vector.js";
export { NO_ROOM } from "./storage/store-failures.js";
export { CHANNEL_FOLDERS, nameOf, STORE_KEYS } from "./storage/store-keys.js";
export { encodeValue } from "./value.js";
