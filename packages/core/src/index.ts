// The public surface of @chorus/core.
export type { Change, ChangeBatch } from "./change-events.js";
export { Channel, type ChannelEvents } from "./channel.js";
export type { ChannelOptions, ChannelStats, WriteOptions } from "./channel-options.js";
export type { ChannelReplication, ReplicatedChannel } from "./channel-replication.js";
export type { UpdateLog } from "./commit-queue.js";
export type { ConnectionState } from "./connection-state.js";
export type { EntryOrder } from "./document/ordered-entries.js";
export type { DiffCursor } from "./document/update-slices.js";
export { ChorusError, type ErrorCode, OptionError } from "./errors.js";
export type { LinkStatus } from "./link.js";
export { createTransportPair, type MemoryTransportOptions } from "./memory-transport.js";
export { type AcceptOptions, type LinkInfo, type PeerInfo, PeerSet, type PeerSetEvents } from "./peer-set.js";
export { redactUrl } from "./redact-url.js";
export type { PeerSetOptions, Permission, ReplicationLimits } from "./replication-options.js";
export type { EarlierSession, RestoredState } from "./restored-state.js";
export { type Runtime, systemRuntime, type Timer } from "./runtime.js";
export {
  type CloseInfo,
  type Dialler,
  LOW_WATER_BYTES,
  type Transport,
  type TransportHandlers,
} from "./transport.js";
export type { JsonValue } from "./value.js";
