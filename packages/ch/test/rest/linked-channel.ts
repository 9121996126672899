// One channel with its peering on virtual time, linked to fake originals by made-up URLs.
import { Channel, type Dialler, type Runtime, type TransportHandlers } from "@chorus/core";
import { NO_UPGRADE_CODE } from "@chorus/node";
import type { CallDetails } from "../../src/channel-data.js";
import { FileCopies } from "../../src/file-copies.js";
import { keyText } from "../../src/keys.js";
import { LocalChannel } from "../../src/local-channel.js";
import { chSettings } from "../../src/options.js";
import { urlSource } from "../../src/peer-urls.js";
import { Peering } from "../../src/peering.js";
import { Replication } from "../../src/replication.js";
import type { StoredChannels } from "../../src/stored-channels.js";
import { Subscribers } from "../../src/subscribers.js";
import { canonicalRows, type FakeOriginal } from "./fake-original.js";

export interface LinkedChannel {
  readonly channel: Channel;
  readonly local: LocalChannel;
  readonly errors: { code: string; message: string }[];
  readonly statuses: string[];
  readonly told: unknown[][];
  set(key: unknown, value: unknown, details?: CallDetails): void;
  unset(key: unknown, details?: CallDetails): void;
  /** What a request of an original does here. */
  receive(key: object, value: unknown, timestamp: number): void;
  rows(): string[];
  peer(urls: string[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface LinkedOptions {
  readonly runtime: Runtime;
  readonly originals: { readonly [url: string]: FakeOriginal };
  readonly name?: string;
  readonly restIntervalMs?: number;
  /** By how much the channel's own clock is ahead. */
  readonly aheadMs?: number;
  readonly dial?: Dialler;
  /** Keeps it over restarts. */
  readonly stored?: StoredChannels;
}

export function linkedChannel(options: LinkedOptions): LinkedChannel {
  const { originals, name = "data", restIntervalMs = 5_000, aheadMs = 0 } = options;
  const runtime: Runtime = Object.assign(Object.create(options.runtime) as Runtime, {
    now: () => options.runtime.now() + aheadMs,
  });
  bind(runtime, options.runtime);
  const { stored } = options;
  const channel = stored?.open(name) ?? new Channel({ name, runtime });
  const endChannel = async (): Promise<void> => (stored ? stored.park(channel) : channel.close());
  const errors: LinkedChannel["errors"] = [];
  const statuses: string[] = [];
  const told: unknown[][] = [];
  const onError = ({ code, message }: { code: string; message: string }): void => {
    errors.push({ code, message });
  };
  const subscribers = new Subscribers({ runtime, onFailure: (error) => onError(error as never) });
  const files = new FileCopies({ channel, onError });
  const local: LocalChannel = new LocalChannel({
    name,
    runtime,
    subscribers,
    uuid: "uuid",
    body: (owner) => {
      const peering = new Peering({
        channel,
        target: owner,
        bodies: chSettings({}).bodies,
        uuid: "uuid",
        newUuid: () => `${runtime.newId()}`,
        endpoint: {},
        links: { dial: options.dial ?? refusing(runtime) },
        urlsIntervalMs: 30_000,
        restIntervalMs,
        connectHttp: (url) => {
          const original = originals[url];
          if (!original) throw new Error(`no original at ${url}`);
          return original.connect();
        },
        writer: () => owner.data,
        memories: stored?.beside(name),
        onLink: ({ url, status }) => statuses.push(`${url} ${status}`),
        onError,
      });
      return new Replication({ channel, peering, files, endChannel }, owner);
    },
  });
  const { peering } = local.replicated;
  subscribers.add("told", ({ op, key, value, uuid }) => void told.push([op, key(), value(), uuid]), []);
  const receive = (key: object, value: unknown, timestamp: number): void => {
    peering.heard(keyText(key), value as never, false);
    const details: CallDetails = { timestamp, uuid: "uuid", origin: "rest" };
    if (value === undefined) local.data.unset(key, details);
    else local.data.set(key, value, details);
  };
  return {
    channel,
    local,
    errors,
    statuses,
    told,
    set: (key, value, details = {}) => void local.data.set(key, value, details),
    unset: (key, details = {}) => local.data.unset(key, details),
    receive,
    rows: () => canonicalRows(channel.entries()),
    peer: (urls) => peering.peer({ portOrServer: undefined, path: "/data" } as never, urlSource(urls)),
    close: () => local.close(),
  };
}

/** Methods with private fields work on their own object only. */
function bind(runtime: Runtime, real: Runtime): void {
  for (const method of ["elapsed", "soon", "later", "after", "random", "newId"] as const) {
    Object.assign(runtime, { [method]: (real[method] as (...args: never[]) => unknown).bind(real) });
  }
}

/** Every URL answers the upgrade as a plain HTTP server does. */
export function refusing(runtime: Runtime): Dialler {
  return () => {
    let handlers: TransportHandlers | undefined;
    let isClosed = false;
    const close = (code: number, reason: string): void => {
      if (isClosed) return;
      isClosed = true;
      runtime.later(() => handlers?.closed({ code, reason }));
    };
    const ignore = (): void => undefined;
    return {
      bufferedBytes: 0,
      start: (given) => {
        handlers = given;
        runtime.after(1, () => close(NO_UPGRADE_CODE, "HTTP 200"));
      },
      send: ignore,
      close,
      terminate: () => close(1006, ""),
      pause: ignore,
      resume: ignore,
    };
  };
}
