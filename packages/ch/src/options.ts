// The options of `createCh`, checked and completed; the caller's object is never written to.
import {
  Channel,
  type Dialler,
  OptionError,
  PeerSet,
  type PeerSetOptions,
  type Runtime,
  systemRuntime,
} from "@chorus/core";
import { isReplicaId, MAX_DELAY_MS } from "@chorus/core/internal";
import {
  BodyBudget,
  connectHttp,
  dialWebSocket,
  type EndpointOptions,
  type HttpConnector,
} from "@chorus/node";

/** Options of a `$ch` with or without a data folder. */
interface CommonOptions {
  /** Limits and intervals of links and connections; see core's ReplicationLimits. Default: theirs. */
  links?: Omit<PeerSetOptions, "dial">;
  /** How own ports listen, among others `host`; see node's EndpointOptions. Default: theirs, all interfaces. */
  endpoint?: Omit<EndpointOptions, "onError">;
  /** Opens connections to peers; `createDialler` of @chorus/node makes one with TLS settings. Default: its own. */
  dial?: Dialler;
  /** How often a function of peer URLs is asked again. Default 30,000. */
  urlsIntervalMs?: number;
  /**
   * How often an original OpenAF peer is asked whether something has changed there, in milliseconds. A large channel is
   * read less often: half a millisecond later for each row that was read, and not before twice the time that it took.
   * Default 5,000.
   */
  restIntervalMs?: number;
  /** Opens HTTP connections to original OpenAF peers; `createHttpConnector` of @chorus/node makes one with TLS settings. Default: its own. */
  connectHttp?: HttpConnector;
  /**
   * The largest body of a REST request, in bytes; a larger one is answered with 413. All that are being read together may
   * take four times as much, further ones get 503. Default 16 MiB.
   */
  maxBodyBytes?: number;
  /** Time, timers and chance. Default: the system's. */
  runtime?: Runtime;
}

/** Options of a `$ch` whose channels live in memory. */
export interface ChOptions extends CommonOptions {
  /**
   * Names this copy of the channels over restarts: 1 to 128 printable ASCII characters, different on every node and
   * never in use twice at a time. Default: random, a new one for every registry.
   */
  name?: string;
}

/** Options of a `$ch` that keeps its channels in a folder. It takes no name: the folder has one for every channel. */
export interface DurableChOptions extends CommonOptions {
  /**
   * The folder, created when it is missing. One process at a time may have it. A relative path counts from the working
   * directory of now. Undefined is refused: a setting that was forgotten must not cost the data.
   */
  data: string;
  /**
   * What stored means. "sync": it survives the loss of power. "os": it survives the end of the process, however it ends,
   * but not the loss of power. Default "sync".
   */
  level?: "sync" | "os";
}

/** Where and how channels are stored. */
export interface DataSettings {
  readonly folder: string;
  readonly level: "sync" | "os";
}

/** The same with every default filled in. */
export interface ChSettings {
  /** Undefined: every channel has a random one of its own. */
  readonly replicaId: string | undefined;
  readonly links: PeerSetOptions;
  readonly endpoint: EndpointOptions;
  readonly urlsIntervalMs: number;
  readonly restIntervalMs: number;
  readonly connectHttp: HttpConnector;
  /** Bounds of one body of a REST request, and of all that are being read. */
  readonly bodies: { readonly maxBytes: number; readonly budget: BodyBudget };
  readonly runtime: Runtime;
}

const MAX_BODY_BYTES = 1024 ** 3;
const BODIES_TOGETHER = 4;
const NAMES = ["data", "level", "name", "links", "endpoint", "dial", "urlsIntervalMs", "runtime"].concat([
  "restIntervalMs",
  "connectHttp",
  "maxBodyBytes",
]);

/** Whether a data folder is meant, perhaps a wrong one. */
export function isDurable(options: ChOptions | DurableChOptions): options is DurableChOptions {
  return typeof options === "object" && options !== null && "data" in options;
}

/** The level is checked where the store is opened. @throws OptionError */
export function dataSettings({ data, level = "sync" }: DurableChOptions): DataSettings {
  if (typeof data !== "string" || data === "" || data.includes("\0")) {
    throw new OptionError("data", data, "the path of a folder");
  }
  return { folder: data, level };
}

/** @throws OptionError */
export function chSettings(options: ChOptions | DurableChOptions): ChSettings {
  checkObject("options", options);
  for (const option of Object.keys(options)) {
    if (!NAMES.includes(option)) throw new OptionError("options", option, `made of ${NAMES.join(", ")}`);
  }
  const { name, level } = options as { name?: unknown; level?: unknown };
  if (isDurable(options) && name !== undefined) {
    throw new OptionError("name", name, "left out with a data folder, which names every channel itself");
  }
  if (!isDurable(options) && level !== undefined) {
    throw new OptionError("level", level, "left out without a data folder");
  }
  const { links = {}, endpoint = {}, dial = dialWebSocket } = options;
  if (name !== undefined && !isReplicaId(name)) {
    throw new OptionError("name", name, "1 to 128 printable ASCII characters");
  }
  if (typeof dial !== "function") throw new OptionError("dial", dial, "a function");
  checkObject("links", links);
  checkObject("endpoint", endpoint);
  if (options.links !== undefined) checkLinks({ ...links, dial });
  return {
    replicaId: name,
    links: { ...links, dial },
    endpoint: { ...endpoint },
    urlsIntervalMs: interval("urlsIntervalMs", options.urlsIntervalMs ?? 30_000),
    ...restSettings(options),
    runtime: options.runtime ?? systemRuntime,
  };
}

function restSettings(options: CommonOptions): Pick<ChSettings, "restIntervalMs" | "connectHttp" | "bodies"> {
  const connect = options.connectHttp ?? connectHttp;
  if (typeof connect !== "function") throw new OptionError("connectHttp", connect, "a function");
  const maxBytes: unknown = options.maxBodyBytes ?? 16 * 1024 * 1024;
  if (!isCount(maxBytes, MAX_BODY_BYTES)) {
    throw new OptionError("maxBodyBytes", maxBytes, `whole bytes from 1 to ${MAX_BODY_BYTES}`);
  }
  return {
    restIntervalMs: interval("restIntervalMs", options.restIntervalMs ?? 5_000),
    connectHttp: connect,
    bodies: { maxBytes, budget: new BodyBudget(BODIES_TOGETHER * maxBytes) },
  };
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most;
}

function interval(option: string, value: unknown): number {
  if (isCount(value, MAX_DELAY_MS)) return value;
  throw new OptionError(option, value, `whole milliseconds from 1 to ${MAX_DELAY_MS}`);
}

/** Lets core check its options here and now: later would be at the first channel. */
function checkLinks(links: PeerSetOptions): void {
  const channel = new Channel({ name: "options" });
  try {
    // Has no links yet, so it is gone at once; the promise only says so later.
    void new PeerSet(channel, links).close();
  } finally {
    void channel.close();
  }
}

function checkObject(option: string, value: unknown): void {
  if (typeof value !== "object" || value === null) throw new OptionError(option, value, "an object");
}
