// The types of the $ch vocabulary. No code lives here, and nothing of core's or node's own words.
import type {
  ChorusError,
  ConnectionState,
  JsonValue,
  LinkStatus,
  OptionError,
  Progress,
} from "@chorus/core";
import type { IncomingMessage, Server } from "node:http";

/** A key as stored: a map of fields. A field that is `undefined` counts as absent; field order is irrelevant. */
export type KeyMap = { [field: string]: JsonValue };

/** What a channel stores for a value given with a key: a scalar is wrapped together with its key. */
export type Stored<Key, Value> = unknown extends Value
  ? JsonValue
  : Value extends object | null
    ? Value
    : { key: Key; value: Value };

/** The key map stored for a key: a scalar `k` becomes `{ key: k }`. */
export type StoredKey<Key> = unknown extends Key ? KeyMap : Key extends object ? Key : { key: Key };

/** What happened: one key written or removed, or several in one call. */
export type Operation = "set" | "setall" | "unset" | "unsetall";

/** What may be compared with a stored value: some of its fields (nested), or a function of a copy of it. */
export type Match<Key = unknown, Value = unknown> =
  | { readonly [field: string]: unknown }
  | ((stored: Stored<Key, Value>) => unknown);

/** A port to listen on (0: any free one), or a server that the caller owns and keeps. */
export type PortOrServer = number | Server | import("node:https").Server;

/** A request as the authentication functions see it. */
export interface ChRequest extends IncomingMessage {
  /** "r", "w" or "rw" (default): what the authentication function grants to this request. */
  channelPermission?: string;
  /** The user that was admitted. */
  user?: string;
}

/**
 * Decides who may use a channel. Only `true`, or a promise of it, admits; an exception, a rejection or five
 * seconds of silence refuse. It may set `request.channelPermission`.
 */
export type AuthFunction = (
  user: string,
  password: string,
  server: unknown,
  request: ChRequest,
) => boolean | Promise<boolean>;

/** The reply to a refused request. The status is always 401, and `WWW-Authenticate` is always sent. */
export interface UnAuthReply {
  /** The body; anything but a string or bytes is sent as JSON. Default "Not authorized." */
  data?: unknown;
  /** Default "text/plain; charset=utf-8". */
  mimetype?: string;
  /** Further headers. */
  header?: { readonly [name: string]: string };
}

/** Shapes the reply to a refused request. It must return at once; an exception gives the default reply. */
export type UnAuthFunction = (server: unknown, request: ChRequest) => UnAuthReply | undefined;

/** The URLs of all peers, our own may be among them. A function is asked at once and then again and again. */
export type PeerUrls =
  | string
  | readonly string[]
  | ((
      name: string,
      portOrServer: PortOrServer | undefined,
      path: string,
      uuid: string,
    ) => string | readonly string[] | Promise<string | readonly string[]>);

/** What a request to an exposed channel is about to do, as the function given to `$ch.setLog` sees it. */
export interface AuditEvent {
  /** The channel. */
  readonly name: string;
  /**
   * AUTH_OK and AUTH_NOT_OK: credentials that were sent were accepted or refused. The others: an operation that follows,
   * by the method of the request: GET, SET (PUT), REMOVE (DELETE), CREATE (POST).
   */
  readonly op: "AUTH_OK" | "AUTH_NOT_OK" | "GET" | "SET" | "REMOVE" | "CREATE";
  readonly request: ChRequest;
  /** The user that was admitted, or named in vain. */
  readonly user: string | undefined;
}

/** Told of every request before it is carried out. What it throws or rejects with is an "error" event and changes nothing. */
export type AuditFunction = (event: AuditEvent) => unknown;

/** One outbound link as `links()` and the "link" event show it; the URL is without credentials. */
export interface LinkInfo {
  readonly url: string;
  readonly status: LinkStatus;
  /** What is spoken there: "openaf" with an original OpenAF peer, over its REST interface. */
  readonly dialect: "chorus" | "openaf";
  readonly replicaId?: string;
}

/** A replica that is connected, as `peers()` shows it. */
export interface PeerInfo {
  /** Names that copy of the channel; with a store over restarts too. What `retire` takes. */
  readonly replicaId: string;
  /** "live" once everything was exchanged. */
  readonly state: ConnectionState;
  /** Who dialled. */
  readonly direction: "inbound" | "outbound";
  /** It has a store: what it acknowledges outlives its process. */
  readonly durable: boolean;
}

/** What `$ch.on` reports. None of them ever carries a password. */
export interface ChEvents {
  /** Something failed that no caller could be told: a subscriber, a connection, the store. */
  error: { readonly channel: string | undefined; readonly error: ChorusError | OptionError };
  /** The store begins to fail, which is an "error" event too, or stores again (`failure` is undefined). Meanwhile writes throw it. */
  store: { readonly channel: string; readonly failure: ChorusError | undefined };
  /** A link changed its status. */
  link: { readonly channel: string; readonly url: string; readonly status: LinkStatus };
  /**
   * How far a long synchronization has come, a few times a second at most and at its end. `task` is "receive" (a peer's
   * data is on its way), "apply" (it becomes visible) or "load" (it came from the store); `done` rises up to `total`, which
   * is undefined while nobody knows it; `unit` is "changes" or "bytes". Short ones are not told of.
   */
  progress: { readonly channel: string } & Progress;
}
