// A standing link to one original OpenAF peer: it pulls from time to time, sends what is written here, waits after a
// failure, and never gives up. One thing at a time, so a pull never meets a push of its own. Nothing thrown escapes, and
// its URL is shown without credentials only.
//
//   connecting -> syncing (something answered) -> synced (compared, and everything sent)
//   offline, unauthorized (waiting to try again) -> connecting; closed at the end
import { ChorusError, type LinkStatus, redactUrl, type Timer } from "@chorus/core";
import { backoffMs, MAX_DELAY_MS } from "@chorus/core/internal";
import type { HttpConnection } from "@chorus/node";
import { DirtyKeys } from "./dirty-keys.js";
import { KnownRows } from "./known-rows.js";
import { OriginalEndpoint, OriginalFailure, type ReplyState } from "./original-endpoint.js";
import type { LinkView, OriginalHost } from "./original-host.js";
import { OriginalPull } from "./original-pull.js";
import { pushNext } from "./original-push.js";

/** A pull takes at most this part of the time. */
const PULL_SHARE = 20;
/** Keys that have been deleted, over those that the channel has, before a full comparison is cheaper. */
const MAX_DIRTY = 100_000;

export class OriginalLink implements LinkView {
  /** With credentials: for the connector only. */
  readonly url: string;
  /** Without credentials. */
  readonly safeUrl: string;
  readonly #host: OriginalHost;
  readonly #endpoint: OriginalEndpoint;
  readonly #known = new KnownRows();
  readonly #dirty = new DirtyKeys();
  readonly #pull = new OriginalPull();
  readonly #reported = new Set<string>();
  #status: LinkStatus = "connecting";
  #timer: Timer | undefined;
  #attempt = 0;
  #syncedAtMs = Number.POSITIVE_INFINITY;
  #pullDue = true;
  /** What had to be sent was forgotten: the next comparison finds it. */
  #overflowed = false;
  /** The original takes no writes; nothing is tried before the next pull. */
  #isRefused = false;
  #isWorking = false;
  #isTaking = false;
  #startedSoon = false;

  constructor(host: OriginalHost, url: string, connection: HttpConnection) {
    this.#host = host;
    this.url = url;
    this.safeUrl = redactUrl(url);
    this.#endpoint = new OriginalEndpoint(connection, (state, wasUnsetAll) =>
      this.#noted(state, wasUnsetAll),
    );
  }

  get status(): LinkStatus {
    return this.#status;
  }

  /** Whether everything written here up to this number of `writes` is there, or waiting for it is of no use. */
  isFlushed(upTo: number): boolean {
    if (this.#status === "syncing") return false;
    if (this.#status !== "synced" || this.#isRefused) return true;
    return !this.#overflowed && this.#dirty.isDone(upTo);
  }

  /** How many keys were written here so far. */
  get writes(): number {
    return this.#dirty.writes;
  }

  start(): void {
    this.#host.statusChanged(this);
    this.#startWork();
  }

  /** A call here wrote this key, and this is its value. */
  written(key: string, hash: number): void {
    this.#known.noteHere(key, hash);
    if (this.#dirty.size >= MAX_DIRTY + this.#host.channel.size && this.#dirty.of(key) === undefined) {
      this.#dirty.clear();
      this.#overflowed = true;
      this.#pull.due();
    } else {
      this.#dirty.written(key);
    }
    this.#startWork();
  }

  /** An original wrote this key here: never sent back at once, the next pull compares. */
  writtenByOriginal(key: string, hash: number): void {
    if (this.#isTaking) return;
    this.#known.noteHeard(key, hash);
    this.#dirty.remove(key);
    this.#pull.touched(key);
    this.#host.progressed();
  }

  /** A Chorus peer changed this key, or something: the next pull compares. */
  changedElsewhere(key?: string, hash?: number): void {
    this.#pull.due();
    if (key !== undefined && hash !== undefined) this.#known.noteHere(key, hash);
  }

  /** An original told its value of this key: what is being read of it may be older. */
  heard(key: string, hash: number): void {
    this.#known.noteHeard(key, hash);
    this.#pull.touched(key);
  }

  /** For ever. @param isSilent without an event: the URL is linked in another way from now on */
  close(isSilent = false): Promise<void> {
    if (this.#status !== "closed") {
      this.#timer?.cancel();
      this.#status = "closed";
      if (!isSilent) this.#host.statusChanged(this);
      this.#host.progressed();
    }
    return this.#endpoint.close();
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
      while (this.#mayWork && this.#hasWork) await (this.#pullDue ? this.#pullOnce() : this.#pushOnce());
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
    return this.#pullDue || (this.#dirty.hasSendable && !this.#isRefused);
  }

  async #pullOnce(): Promise<void> {
    const { channel, uuid, writer } = this.#host;
    this.#timer?.cancel();
    this.#pullDue = false;
    this.#isRefused = false;
    const began = channel.runtime.elapsed();
    const hadOverflowed = this.#overflowed;
    this.#overflowed = false;
    try {
      await this.#pull.run({
        channel,
        uuid,
        writer: writer(),
        endpoint: this.#endpoint,
        known: this.#known,
        dirty: this.#dirty,
        pause: () => this.#pause(),
        taking: (isTaking) => {
          this.#isTaking = isTaking;
        },
        onUnusable: (count) => this.#reportUnusable(count),
      });
    } catch (error) {
      this.#overflowed ||= hadOverflowed;
      if (!(error instanceof ChorusError)) throw error;
      // Our own store takes no writes, which is reported elsewhere: the next pull tries again.
    }
    this.#pullLater(channel.runtime.elapsed() - began);
  }

  async #pushOnce(): Promise<void> {
    const { channel } = this.#host;
    const { canUnsetAll, clock } = this.#pull;
    const endpoint = this.#endpoint;
    const taken = await pushNext({
      channel,
      endpoint,
      known: this.#known,
      dirty: this.#dirty,
      clock,
      canUnsetAll,
    });
    this.#assertOpen();
    this.#isRefused = !taken;
    if (taken) this.#reported.delete("write-refused");
    else this.#report("write-refused", "refuses writes: its c is -1; they are kept and tried again");
    this.#host.progressed();
  }

  #pullLater(tookMs: number): void {
    if (this.#status === "closed") return;
    const { channel, restIntervalMs } = this.#host;
    const { runtime } = channel;
    const delayMs = Math.max(restIntervalMs, PULL_SHARE * tookMs);
    this.#timer?.cancel();
    // Two replicas at the same original must not keep step: each would wait for what the other does.
    const jitteredMs = Math.min(delayMs * (1 + runtime.random() / 8), MAX_DELAY_MS);
    this.#timer = runtime.after(jitteredMs, () => this.#pullNow(), { background: true });
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
    this.#pull.failed();
    this.#retry(failure?.kind === "unauthorized" ? "unauthorized" : "offline");
  }

  #retry(status: "offline" | "unauthorized"): void {
    const { limits, channel } = this.#host;
    const { runtime } = channel;
    if (runtime.elapsed() - this.#syncedAtMs >= limits.backoffResetMs) this.#attempt = 0;
    this.#syncedAtMs = Number.POSITIVE_INFINITY;
    const bounds =
      status === "unauthorized"
        ? { minMs: limits.refusedBackoffMinMs, maxMs: limits.refusedBackoffMaxMs }
        : { minMs: limits.backoffMinMs, maxMs: limits.backoffMaxMs };
    this.#timer?.cancel();
    this.#timer = runtime.after(backoffMs(this.#attempt++, runtime.random(), bounds), () => this.#connect());
    this.#turn(status);
  }

  #connect(): void {
    // Also after a failed push: what is there now is not known.
    this.#pull.due();
    this.#turn("connecting");
    this.#pullNow();
  }

  #noted(state: ReplyState, wasUnsetAll: boolean): void {
    this.#pull.noted(state, wasUnsetAll);
    this.#pull.clock.replied(state.dateMs, this.#host.channel.runtime.now());
    if (this.#status === "connecting") this.#turn("syncing");
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#host.channel.runtime.later(resolve));
    this.#assertOpen();
  }

  #assertOpen(): void {
    if (this.#status === "closed") throw new OriginalFailure("closed", "the link was closed");
  }

  #reportUnusable(count: number): void {
    this.#report("invalid-value", `holds ${count} rows that cannot be stored here; they are left out`);
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
