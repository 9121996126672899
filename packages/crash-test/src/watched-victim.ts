// One life of the victim: what it has reported, what it was doing last, and how it is brought to an end.
import { Child, CHILD_DEADLINE_MS } from "./child.js";
import { type Phase, VICTIM } from "./crash-plan.js";
import type { History } from "./history.js";
import type { Report, Setup } from "./messages.js";
import { withDeadline } from "./waiting.js";

/** What went on in one life of the victim, all times in milliseconds since it was started. */
export interface Life {
  phase: Phase;
  isFolding: boolean;
  folds: number;
  /** Of the latest fold. */
  foldBeganMs: number | undefined;
  /** How long the latest fold took that came to its end. */
  foldMs: number | undefined;
  acknowledgements: number;
  /** Its program was loaded, and it began to open its store. */
  startedMs: number | undefined;
  openedMs: number | undefined;
  syncedMs: number | undefined;
  isClosed: boolean;
}

export interface LifeHost {
  readonly history: History;
  /** An error event. */
  readonly failed: (code: string, message: string) => void;
  /** The store was opened; this is what it shows, before any peer was met. */
  readonly opened: (content: ReadonlyMap<string, string>, replicaId: string) => void;
}

const PROGRAM = "./victim.js";

export class WatchedVictim {
  readonly child: Child;
  readonly life: Life;
  readonly #host: LifeHost;
  #wake: () => void = () => undefined;

  constructor(setup: Setup, host: LifeHost) {
    this.#host = host;
    this.life = {
      phase: "boot",
      isFolding: false,
      folds: 0,
      foldBeganMs: undefined,
      foldMs: undefined,
      acknowledgements: 0,
      startedMs: undefined,
      openedMs: undefined,
      syncedMs: undefined,
      isClosed: false,
    };
    this.child = new Child(PROGRAM, setup, (report) => this.#heard(report));
  }

  /** Resolves when the condition on its life holds, at once when a report makes it true; rejects after `deadlineMs`. */
  async until(condition: (life: Life) => boolean, deadlineMs = CHILD_DEADLINE_MS): Promise<void> {
    if (condition(this.life)) return;
    const holds = new Promise<void>((resolve) => {
      this.#wake = () => condition(this.life) && resolve();
    });
    const ended = this.child.ended.then(() => undefined);
    await withDeadline(Promise.race([holds, ended]), { deadlineMs, what: "the victim to get on" });
  }

  /** Kills it, and takes in all that it said. @returns whether the kill hit it alive */
  async kill(): Promise<boolean> {
    this.child.kill();
    const ending = await this.child.end();
    this.#host.history.bury(VICTIM, Date.now());
    return ending === "SIGKILL";
  }

  /** Lets it close; rejects unless it ends by itself, in order, in time. */
  async close(): Promise<void> {
    this.child.send({ kind: "close" });
    const ending = await this.child.endedWithin(CHILD_DEADLINE_MS);
    this.#host.history.bury(VICTIM, Date.now());
    if (ending !== 0) throw new Error(`the victim ended with ${ending}: ${this.child.complaints}`);
  }

  #heard(report: Report): void {
    const { life } = this;
    const sinceStartMs = performance.now() - this.child.startMs;
    switch (report.kind) {
      case "started":
        life.startedMs = sinceStartMs;
        break;
      case "opened":
        life.openedMs = sinceStartMs;
        this.#host.opened(new Map(report.content), report.replicaId);
        break;
      case "synced":
        life.syncedMs ??= sinceStartMs;
        break;
      case "folding":
        life.isFolding = report.isRunning;
        if (!report.isRunning) life.foldMs = sinceStartMs - (life.foldBeganMs ?? 0);
        else {
          life.folds++;
          life.foldBeganMs = sinceStartMs;
        }
        break;
      case "failed":
        this.#host.failed(report.code, report.message);
        break;
      case "closing":
        life.phase = "closing";
        break;
      case "closed":
        life.isClosed = true;
        break;
      default:
        this.#heardOfWrites(report);
    }
    this.#wake();
  }

  #heardOfWrites(report: Report): void {
    const { history } = this.#host;
    if (report.kind === "announced") {
      if (this.life.phase === "boot") this.life.phase = "writing";
      history.announce(VICTIM, report);
    } else if (report.kind === "written") history.finish(VICTIM, report.latestMs);
    else if (report.kind === "acknowledged") {
      history.acknowledge(VICTIM, report.last);
      this.life.acknowledgements++;
    }
  }
}
