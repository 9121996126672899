// One member of the mesh as the test sees it: its process, which is replaced after a kill, and the proxies through which
// it dials the others.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { channelUrl } from "./channel-url.js";
import { Child, CHILD_DEADLINE_MS } from "./child.js";
import type { History } from "./history.js";
import type { Load, ReplicaState, Report, Setup } from "./messages.js";
import type { TcpProxy } from "./tcp-proxy.js";

export interface MemberHost {
  readonly history: History;
  /** An error event. */
  readonly failed: (code: string, message: string) => void;
  /** It is in sync with the replica that is reached through this port. */
  readonly met: (port: number, replicaId: string) => void;
  /** Its store was opened; this is what it shows, before any peer was met. */
  readonly opened: (member: MeshMember, content: ReadonlyMap<string, string>) => void;
}

const PROGRAM = "./member.js";

export class MeshMember {
  readonly name: string;
  /** Those through which this one dials the others. */
  readonly outbound: TcpProxy[] = [];
  /** Those through which the others dial this one. */
  readonly inbound: TcpProxy[] = [];
  /** No second fault is done to one that is being killed, started or frozen. */
  isBusy = false;
  readonly #setup: Setup;
  readonly #host: MemberHost;
  #child: Child | undefined;

  constructor(name: string, setup: Setup, host: MemberHost) {
    this.name = name;
    this.#setup = setup;
    this.#host = host;
  }

  /** Who it was when it was first met; no crash may change it. */
  replicaId: string | undefined;
  /** What all its own keys begin with. */
  get ownPrefix(): string {
    return `own-${this.name}-`;
  }

  /** Starts its process, links it and lets it write. @returns milliseconds until it had opened its store */
  async start(load: Omit<Load, "writer" | "nextNumber">): Promise<number> {
    const child = new Child(PROGRAM, this.#setup, (report) => this.#heard(report));
    this.#child = child;
    const [, listening] = await Promise.all([child.next("opened"), child.next("listening")]);
    const openedMs = performance.now() - child.startMs;
    for (const proxy of this.inbound) proxy.leadTo(listening.port);
    child.send({ kind: "link", urls: this.outbound.map(({ port }) => channelUrl(port)) });
    const nextNumber = this.#host.history.nextNumber(this.name);
    child.send({ kind: "write", load: { ...load, writer: this.name, nextNumber } });
    return openedMs;
  }

  /** SIGKILL; takes in all that it had said. @throws (rejects) Error when it had ended by itself */
  async kill(): Promise<void> {
    for (const proxy of this.inbound) proxy.leadTo(undefined);
    const ending = await this.#child?.end();
    this.#host.history.bury(this.name, Date.now());
    if (ending !== undefined && ending !== "SIGKILL")
      throw new Error(`${this.name} ended by itself with ${ending}: ${this.#child?.complaints}`);
  }

  /**
   * SIGSTOP, and SIGCONT after so long. Done by a process of its own, so that a member does not stay frozen, and alive,
   * when the test itself is killed meanwhile.
   */
  async freeze(durationMs: number): Promise<void> {
    const script = 'kill -STOP "$1" && sleep "$2"; kill -CONT "$1"';
    const seconds = (durationMs / 1_000).toFixed(3);
    const shell = spawn("/bin/sh", ["-c", script, "freeze", String(this.#child?.pid), seconds], {
      stdio: "ignore",
      detached: true,
    });
    await once(shell, "exit");
  }

  async quiet(): Promise<void> {
    await this.#child?.ask({ kind: "quiet" }, "quiet");
  }

  async contentHash(): Promise<string> {
    if (!this.#child) throw new Error(`${this.name} does not run`);
    return (await this.#child.ask({ kind: "hash" }, "hash")).contentHash;
  }

  async state(): Promise<ReplicaState> {
    if (!this.#child) throw new Error(`${this.name} does not run`);
    return (await this.#child.ask({ kind: "state" }, "state")).state;
  }

  /** Lets it close. @throws (rejects) Error unless it ends by itself, in order, in time */
  async close(): Promise<void> {
    await this.#child?.ask({ kind: "close" }, "closed");
    const ending = await this.#child?.endedWithin(CHILD_DEADLINE_MS);
    if (ending !== 0) throw new Error(`${this.name} ended with ${ending}: ${this.#child?.complaints}`);
  }

  /** Makes sure that no process is left. */
  async end(): Promise<void> {
    await this.#child?.end();
  }

  #heard(report: Report): void {
    const { history } = this.#host;
    if (report.kind === "announced") history.announce(this.name, report);
    else if (report.kind === "written") history.finish(this.name, report.latestMs);
    else if (report.kind === "acknowledged") history.acknowledge(this.name, report.last);
    else if (report.kind === "opened") this.#host.opened(this, new Map(report.content));
    else if (report.kind === "met") this.#host.met(report.port, report.replicaId);
    else if (report.kind === "failed") this.#host.failed(report.code, `${this.name}: ${report.message}`);
  }
}
