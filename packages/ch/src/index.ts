// The public surface of @chorus/ch.
export type { ChannelHandle } from "./channel-handle.js";
export { $ch, createCh } from "./create-ch.js";
export type { ChOptions } from "./options.js";
export type {
  AuthFunction,
  Ch,
  ChEvents,
  ChRequest,
  KeyMap,
  LinkInfo,
  Match,
  Operation,
  PeerUrls,
  PortOrServer,
  Stored,
  StoredKey,
  SubscriberFunction,
  UnAuthFunction,
  UnAuthReply,
} from "./types.js";
export { ChorusError, type ErrorCode, type JsonValue, OptionError } from "@chorus/core";
