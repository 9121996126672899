// A standing link to one original OpenAF peer: it pulls from time to time, sends what is written here, waits after a
// failure, and never gives up. One thing at a time, so a pull never meets a push of its own. Nothing thrown escapes, and
// its URL is shown without credentials only.
//
//   connecting -> syncing (something answered) -> synced (compared, and everything sent)
//   offline, unauthorized (waiting to try again) -> connecting; closed at the end
import { ChorusError, type LinkStatus, redactUrl, type Timer } from "@chorus/core";
import type { HttpConnection } from "@chorus/node";
import { type PullCost, pullDelayMs, retryDelayMs } from "./original-delays.js";
import { OriginalEndpoint, OriginalFailure, type ReplyState } from "./original-endpoint.js";
import { OriginalExchange } from "./original-exchange.js";
import type { LinkView, OriginalHost } from "./original-host.js";

export class OriginalLink implements LinkView {
  /** With credentials: for the connector only. */
  readonly url: string;
  /** Without credentials. */
  readonly safeUrl: string;
  readonly #host: OriginalHost;
  readonly #endpoint: OriginalEndpoint;
  readonly #exchange: OriginalExchange;
  readonly #reported = new Set<string>();
  #status: LinkStatus = "connecting";
  #timer: Timer | undefined;
  #attempt = 0;
  #syncedAtMs = Number.POSITIVE_INFINITY;
  #pullDue = true;
  /** The original takes no writes; nothing is tried before the next pull. */
  #isRefused = false;
  /** The own store takes no writes: nothing may be sent. */
  #isUnstored = false;
  #isWorking = false;
  #startedSoon = false;

  constructor(host: OriginalHost, url: string, connection: HttpConnection) {
    this.#host = host;
    this.url = url;
    this.safeUrl = redactUrl(url);
    this.#endpoint = new OriginalEndpoint(connection, (state, wasUnsetAll) =>
      this.#noted(state, wasUnsetAll),
    );
    this.#exchange = new OriginalExchange(host, {
      url,
      endpoint: () => this.#endpoint,
      assertOpen: () => this.#assertOpen(),
      onUnusable: (count) => this.#reportUnusable(count),
      onAside: () => this.#reportAside(),
    });
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Whether everything written here up to this number of `writes` is there, or waiting for it is of no use. */
  isFlushed(upTo: number): boolean {
    if (this.#status === "syncing") return false;
    if (this.#status !== "synced" || this.#isRefused) return true;
    return !this.#exchange.overflowed && this.#exchange.dirty.isDone(upTo);
  }

  /** How many keys were written here so far. */
  get writes(): number {
    return this.#exchange.dirty.writes;
  }

  start(): void {
    this.#host.statusChanged(this);
    this.#startWork();
  }

  /** A call here wrote this key, and this is its value. */
  written(key: string, hash: number): void {
    this.#exchange.written(key, hash);
    this.#startWork();
  }

  /** An original wrote this key here: never sent back at once, the next pull compares. */
  writtenByOriginal(key: string, hash: number): void {
    this.#exchange.writtenByOriginal(key, hash);
    this.#host.progressed();
  }

  /** A Chorus peer changed this key, or something: the next pull compares. */
  changedElsewhere(key?: string, hash?: number): void {
    this.#exchange.changedElsewhere(key, hash);
  }

  /** An original told its value of this key: what is being read of it may be older. */
  heard(key: string, hash: number, isOld: boolean): void {
    this.#exchange.heard(key, hash, isOld);
  }

  /** The own store takes writes again. */
  storeRecovered(): void {
    if (this.#isUnstored && this.#mayWork) this.#pullNow();
  }

  /**
   * For ever. @param isSilent without an event: the URL is linked in another way from now on
   * @param isForgotten nothing that is known of the original is kept
   */
  async close({ isSilent = false, isForgotten = false } = {}): Promise<void> {
    if (this.#status !== "closed") {
      this.#timer?.cancel();
      this.#status = "closed";
      if (!isSilent) this.#host.statusChanged(this);
      this.#host.progressed();
    }
    await Promise.all([this.#endpoint.close(), this.#exchange.close(isForgotten)]);
  }

  /** At the end of the turn, so that what is written in it goes together. */
  #startWork(): void {
    if (this.#startedSoon || this.#isWorking) return;
    this.#startedSoon = true;
    this.#host.channel.runtime.soon(() => {
      this.#startedSoon = false;
      void this.#work();
    });
  }

  /** One thing after the other, as long as there is something to do and nothing fails. Never rejects. */
  async #work(): Promise<void> {
    if (this.#isWorking || !this.#mayWork) return;
    this.#isWorking = true;
    try {
      while (this.#mayWork && this.#hasWork) await this.#next();
      this.#done();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isWorking = false;
      this.#host.progressed();
    }
    // Something may have come between the last look and the end.
    if (this.#mayWork && this.#hasWork) this.#startWork();
  }

  get #mayWork(): boolean {
    return ["connecting", "syncing", "synced"].includes(this.#status);
  }

  get #hasWork(): boolean {
    return this.#pullDue || (this.#exchange.dirty.hasSendable && !this.#isRefused && !this.#isUnstored);
  }

  #next(): Promise<void> {
    return this.#pullDue ? this.#pullOnce() : this.#pushOnce();
  }

  /** What the own store refuses is reported elsewhere; the next pull tries again, if it does not recover before. */
  #storeRefused(error: unknown): void {
    if (!(error instanceof ChorusError)) throw error;
    this.#isUnstored = true;
  }

  async #pullOnce(): Promise<void> {
    const { runtime } = this.#host.channel;
    this.#timer?.cancel();
    this.#pullDue = false;
    this.#isRefused = false;
    this.#isUnstored = false;
    const began = runtime.elapsed();
    try {
      if (!this.#exchange.isLoaded) await this.#exchange.load();
      await this.#exchange.pull();
    } catch (error) {
      this.#storeRefused(error);
    }
    this.#pullLater({ tookMs: runtime.elapsed() - began, rows: this.#exchange.rowsRead });
  }

  async #pushOnce(): Promise<void> {
    let taken: boolean;
    try {
      taken = await this.#exchange.push();
    } catch (error) {
      return this.#storeRefused(error);
    }
    this.#isRefused = !taken;
    if (taken) this.#reported.delete("write-refused");
    else this.#report("write-refused", "refuses writes: its c is -1; they are kept and tried again");
    this.#host.progressed();
  }

  #pullLater(cost: PullCost): void {
    if (this.#status === "closed") return;
    const { channel, restIntervalMs } = this.#host;
    const { runtime } = channel;
    this.#timer?.cancel();
    const delayMs = pullDelayMs(restIntervalMs, cost, runtime.random());
    this.#timer = runtime.after(delayMs, () => this.#pullNow(), { background: true });
  }

  #pullNow(): void {
    this.#pullDue = true;
    this.#startWork();
  }

  #done(): void {
    if (this.#status !== "syncing") return;
    this.#syncedAtMs = this.#host.channel.runtime.elapsed();
    this.#reported.delete("protocol");
    this.#turn("synced");
  }

  #failed(error: unknown): void {
    if (this.#status === "closed") return;
    const failure = error instanceof OriginalFailure ? error : undefined;
    if (failure?.kind === "chorus") {
      this.#host.isChorus(this);
      return;
    }
    if (failure === undefined || failure.isGarbage) {
      this.#report("protocol", failure?.message ?? "could not be compared with, for an unexpected reason");
    }
    this.#exchange.failed();
    this.#retry(failure?.kind === "unauthorized" ? "unauthorized" : "offline");
  }

  #retry(status: "offline" | "unauthorized"): void {
    const { limits, channel } = this.#host;
    const { runtime } = channel;
    if (runtime.elapsed() - this.#syncedAtMs >= limits.backoffResetMs) this.#attempt = 0;
    this.#syncedAtMs = Number.POSITIVE_INFINITY;
    const delayMs = retryDelayMs(limits, status, { attempt: this.#attempt++, random: runtime.random() });
    this.#timer?.cancel();
    this.#timer = runtime.after(delayMs, () => this.#connect());
    this.#turn(status);
  }

  #connect(): void {
    // Also after a failed push: what is there now is not known.
    this.#exchange.due();
    this.#turn("connecting");
    this.#pullNow();
  }

  #noted(state: ReplyState, wasUnsetAll: boolean): void {
    this.#exchange.noted(state, wasUnsetAll);
    if (this.#status === "connecting") this.#turn("syncing");
  }

  #assertOpen(): void {
    if (this.#status === "closed") throw new OriginalFailure("closed", "the link was closed");
  }

  #reportUnusable(count: number): void {
    this.#report("invalid-value", `holds ${count} rows that cannot be stored here; they are left out`);
  }

  #reportAside(): void {
    this.#report("write-refused", "does not take an entry, perhaps for its size; it is kept and tried again");
  }

  /** Once, until it is over. */
  #report(code: "protocol" | "write-refused" | "invalid-value", text: string): void {
    if (this.#reported.has(code)) return;
    this.#reported.add(code);
    this.#host.report(new ChorusError(code, `the OpenAF peer at ${this.safeUrl} ${text}`));
  }

  #turn(status: LinkStatus): void {
    if (this.#status === status || this.#status === "closed") return;
    this.#status = status;
    this.#host.statusChanged(this);
  }
}
