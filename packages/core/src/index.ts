// The public surface of @chorus/core.
export type { Change, ChangeBatch } from "./change-events.js";
export { Channel, type ChannelEvents } from "./channel.js";
export type { Progress } from "./progress.js";
export type { ChannelOptions, ChannelStats, WriteOptions } from "./channel-options.js";
export type { ChannelReplication, ReplicatedChannel } from "./channel-replication.js";
export type { ConnectionState } from "./connection-state.js";
export type { EntryOrder } from "./document/ordered-entries.js";
export type { DiffCursor } from "./document/update-slices.js";
export { ChorusError, type ErrorCode, OptionError } from "./errors.js";
export type { LinkStatus } from "./link.js";
export { createTransportPair, type MemoryTransportOptions } from "./memory-transport.js";
export {
  type AcceptOptions,
  type LinkInfo,
  type PeerInfo,
  PeerSet,
  type PeerSetEvents,
  type SyncOptions,
} from "./peer-set.js";
export { redactUrl } from "./redact-url.js";
export type { PeerSetOptions, Permission, ReplicationLimits } from "./replication-options.js";
export { type Runtime, systemRuntime, type Timer } from "./runtime.js";
export type { StoreLevel } from "./storage/channel-metadata.js";
export { type AnyLevel, LevelDatabase } from "./storage/level-database.js";
export { Store } from "./storage/store.js";
export type { KeyRange, ReadValue, StoreDatabase, WriteOperation } from "./storage/store-database.js";
export type { StoreOptions } from "./storage/store-options.js";
export {
  type CloseInfo,
  type Dialler,
  LOW_WATER_BYTES,
  type Transport,
  type TransportHandlers,
} from "./transport.js";
export type {
  ChannelStorage,
  EarlierSession,
  RestoredState,
  StoredChannel,
} from "./storage/channel-storage.js";
export type { JsonValue } from "./value.js";
