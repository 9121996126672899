// The public surface of @chorus/ch.
export { $ch, createCh } from "./create-ch.js";
export type {
  AllOperation,
  AllOptions,
  BufferOptions,
  CacheOptions,
  ChannelTypes,
  DummyOptions,
  OptionFunction,
  OpsOptions,
  OptionsArgument,
  ProxyCall,
  ProxyOperation,
  ProxyOptions,
  ReplicatedOptions,
} from "./channel-type-options.js";
export type { DataMethods } from "./data-methods.js";
export type { ErrorRecord } from "./error-records.js";
export { NoChannelError } from "./errors.js";
export type { Ch, ChannelHandle, SubscriberFunction, SyncedOptions } from "./handle.js";
export type { PeerMethods } from "./peer-methods.js";
export type { ChOptions, DurableChOptions } from "./options.js";
export type {
  AuditEvent,
  AuditFunction,
  AuthFunction,
  ChEvents,
  ChRequest,
  KeyMap,
  LinkInfo,
  Match,
  Operation,
  PeerInfo,
  PeerUrls,
  PortOrServer,
  Stored,
  StoredKey,
  UnAuthFunction,
  UnAuthReply,
} from "./types.js";
export { ChorusError, type ErrorCode, type JsonValue, OptionError } from "@chorus/core";
