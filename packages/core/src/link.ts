// A standing outbound connection to one URL: it dials, waits, dials again, and never gives up. It never tells its URL
// to anybody but the dialler; everything else sees it without credentials.
import { backoffMs } from "./backoff.js";
import type { Connection } from "./connection.js";
import type { ConnectionEnd } from "./connection-host.js";
import type { ErrorCode } from "./errors.js";
import { redactUrl } from "./redact-url.js";
import type { ReplicationLimits } from "./replication-options.js";
import type { Runtime, Timer } from "./runtime.js";
import type { Transport } from "./transport.js";

/**
 * connecting: dialling, up to the peer's hello; syncing: greeted; synced: live, or another connection to the same
 * replica is kept; offline: waiting to dial again; unauthorized: the same after a refusal, for longer; closed: given
 * up by us, or the URL leads to this replica itself.
 */
export type LinkStatus = "connecting" | "syncing" | "synced" | "offline" | "unauthorized" | "closed";

const NEXT_STATUSES: Readonly<Record<LinkStatus, readonly LinkStatus[]>> = {
  connecting: ["syncing", "synced", "offline", "unauthorized", "closed"],
  syncing: ["synced", "offline", "unauthorized", "closed"],
  synced: ["offline", "unauthorized", "closed"],
  offline: ["connecting", "synced", "closed"],
  unauthorized: ["connecting", "synced", "closed"],
  closed: [],
};

/** Whether a link may go from one status to the other. */
export function mayTurn(from: LinkStatus, to: LinkStatus): boolean {
  return NEXT_STATUSES[from].includes(to);
}

/** What a link needs of its peer set; none of the functions may throw, but for `dial`. */
export interface LinkHost {
  readonly runtime: Runtime;
  readonly limits: ReplicationLimits;
  /** @throws OptionError for a URL that cannot be used */
  dial(url: string): Transport;
  /** Sets up and starts a connection over a transport that was dialled. */
  open(link: Link, transport: Transport): Connection;
  /** Whether a greeted connection to the replica exists. */
  isConnectedTo(replicaId: string): boolean;
  statusChanged(link: Link): void;
  /** `dial` threw, though it did not when the link was made. */
  dialFailed(link: Link): void;
}

/** Ends after which the next dial comes late: trying again soon cannot help. */
const SLOW: ReadonlySet<ErrorCode | undefined> = new Set([
  "protocol",
  "version",
  "replica-cloned",
  "too-large",
]);
const SLOW_CLOSE_CODES: ReadonlySet<number> = new Set([1009, 4400, 4406, 4413]);
const REFUSED_CLOSE_CODES: ReadonlySet<number> = new Set([4401, 4403]);

export class Link {
  /** With credentials: for the dialler only. */
  readonly url: string;
  /** Without credentials. */
  readonly safeUrl: string;
  readonly #host: LinkHost;
  #status: LinkStatus = "connecting";
  #connection: Connection | undefined;
  /** The replica that was last reached at the URL. */
  #replicaId: string | undefined;
  #attempt = 0;
  /** Another session of the replica took the last connection's place; who is at the URL now is not known yet. */
  #wasReplaced = false;
  #timer: Timer | undefined;

  constructor(host: LinkHost, url: string) {
    this.#host = host;
    this.url = url;
    this.safeUrl = redactUrl(url);
  }

  get status(): LinkStatus {
    return this.#status;
  }

  get replicaId(): string | undefined {
    return this.#replicaId;
  }

  /** Starts with a transport that was dialled already, so that a bad URL was found before anything changed. */
  start(transport: Transport): void {
    this.#host.statusChanged(this);
    this.#connection = this.#host.open(this, transport);
  }

  /** The connection was greeted: now it is known who is there. */
  greeted(replicaId: string): void {
    this.#replicaId = replicaId;
    this.#turn("syncing");
  }

  /** The connection is live. */
  live(): void {
    this.#turn("synced");
  }

  /** A connection to `replicaId`, not ours, is kept: while it lives there is nothing to dial. */
  coveredBy(replicaId: string): void {
    if (this.#connection || this.#wasReplaced || replicaId !== this.#replicaId) return;
    this.#timer?.cancel();
    this.#attempt = 0;
    this.#turn("synced");
  }

  /** The last connection to `replicaId` is gone. */
  uncovered(replicaId: string): void {
    if (this.#connection || this.#status !== "synced" || replicaId !== this.#replicaId) return;
    this.#retry("offline", false);
  }

  /** The link's connection has ended. */
  ended(end: ConnectionEnd): void {
    this.#connection = undefined;
    const { closeCode, errorCode } = end;
    this.#wasReplaced = errorCode === "replaced";
    if (this.#status === "closed") return;
    if (end.liveMs >= this.#host.limits.backoffResetMs) this.#attempt = 0;
    if (errorCode === "self") {
      this.#turn("closed");
    } else if (this.#isCovered) {
      this.#turn("synced");
    } else if (REFUSED_CLOSE_CODES.has(closeCode)) {
      this.#retry("unauthorized", true);
    } else {
      this.#retry("offline", SLOW.has(errorCode) || SLOW_CLOSE_CODES.has(closeCode));
    }
  }

  /** What made it wait will not last: it waits no longer than after an ordinary end. */
  retrySoon(): void {
    if (!this.#connection && this.#status === "offline") this.#retry("offline", false);
  }

  /** Dials now, if it waits for another reason than a refusal. */
  redial(): void {
    if (this.#connection || this.#status !== "offline") return;
    this.#attempt = 0;
    this.#dial();
  }

  /** For ever. The connection is told why. */
  close(code: "closed" | "unpeered"): void {
    this.#timer?.cancel();
    const connection = this.#connection;
    this.#turn("closed");
    connection?.close(code, code === "closed" ? "the link was closed" : "this replica was unpeered");
  }

  /**
   * Whether a connection that is not ours makes another one needless. Not after `replaced`: the one that came may be a
   * replica that was started again, and then the URL leads to it as well, or a clone, and then both must learn of it.
   */
  get #isCovered(): boolean {
    const replicaId = this.#replicaId;
    return replicaId !== undefined && !this.#wasReplaced && this.#host.isConnectedTo(replicaId);
  }

  #retry(status: "offline" | "unauthorized", isSlow: boolean): void {
    const { limits, runtime } = this.#host;
    const bounds = isSlow
      ? { minMs: limits.refusedBackoffMinMs, maxMs: limits.refusedBackoffMaxMs }
      : { minMs: limits.backoffMinMs, maxMs: limits.backoffMaxMs };
    const delayMs = backoffMs(this.#attempt, runtime.random(), bounds);
    this.#attempt++;
    this.#timer?.cancel();
    this.#timer = runtime.after(delayMs, () => this.#dial());
    this.#turn(status);
  }

  #dial(): void {
    this.#timer?.cancel();
    if (this.#connection || !mayTurn(this.#status, "connecting")) return;
    this.#turn("connecting");
    try {
      this.#connection = this.#host.open(this, this.#host.dial(this.url));
    } catch {
      // What was thrown may show the URL with its credentials.
      this.#host.dialFailed(this);
      this.#retry("offline", false);
    }
  }

  #turn(status: LinkStatus): void {
    if (!mayTurn(this.#status, status)) return;
    this.#status = status;
    this.#host.statusChanged(this);
  }
}
