// The public surface of @chorus/core.
export { Channel } from "./channel.js";
export type { ChannelEvents, ChannelOptions, ChannelStats, WriteOptions } from "./channel.js";
export type { Change, ChangeBatch } from "./change-events.js";
export type { ChannelReplication, DiffCursor } from "./channel-replication.js";
export { ChorusError, type ErrorCode, OptionError } from "./errors.js";
export { type Runtime, systemRuntime, type Timer } from "./runtime.js";
export {
  type CloseInfo,
  type Dialler,
  LOW_WATER_BYTES,
  type Transport,
  type TransportHandlers,
} from "./transport.js";
export type { UpdateLog } from "./commit-queue.js";
export type { JsonValue } from "./value.js";
