// Large updates of peers, which are applied in turns: what there is to apply, and what follows at the end: all of it is
// stored as one, and those who would have got it as a live update get a diff. While it lasts the document is not whole.
import { Absorption } from "./absorption.js";
import type { AbsorptionWatch } from "./channel-replication.js";
import type { CommitQueue } from "./commit-queue.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { ChorusError } from "./errors.js";
import type { Verdict } from "./guard.js";
import type { ProgressReporter } from "./progress.js";
import type { Runtime } from "./runtime.js";
import { planUpdate, readHead } from "./update-plan.js";
import type { Wholeness } from "./wholeness.js";

export interface LargeUpdatesOptions {
  readonly runtime: Runtime;
  readonly wholeness: Wholeness;
  readonly progress: ProgressReporter;
  readonly document: SegmentDocument;
  readonly queue: Pick<CommitQueue, "storeLarge">;
  readonly counts: { appliedUpdates: number; absorbedUpdates: number; repeatedUpdates: number; gaps: number };
  /** Runs what changes the index, so that the changes become one remote batch. */
  readonly apply: (work: () => void) => void;
  /** Guards a part. */
  readonly inspect: (part: Uint8Array) => Verdict;
  /** Guards and applies a part. @returns what it advanced */
  readonly applyPart: (part: Uint8Array, source: object) => Map<number, number> | "gap" | "unchanged";
  /** It is stored, and not at hand any more. */
  readonly forgotten: (source: object) => void;
}

/** One of them, and what came of it so far. */
interface LargeUpdate {
  readonly parts: readonly Uint8Array[];
  readonly source: object;
  readonly watch: AbsorptionWatch;
  readonly totalBytes: number;
  readonly applied: Uint8Array[];
  readonly advanced: Map<number, number>;
}

export class LargeUpdates {
  readonly #options: LargeUpdatesOptions;
  #absorption: Absorption | undefined;

  constructor(options: LargeUpdatesOptions) {
    this.#options = options;
  }

  /** See `ChannelReplication.absorb`. */
  absorb(given: readonly Uint8Array[], source: object, watch: AbsorptionWatch): void {
    const { document, wholeness, inspect, counts } = this.#options;
    const context = { clockOf: (session: number) => document.clockOf(session), inspect };
    const parts = wholeness.isWhole ? planUpdate(given, context) : "gap";
    if (parts === "gap") {
      counts.gaps++;
      watch.ended("gap");
      return;
    }
    const totalBytes = parts.reduce((sum, { length }) => sum + length, 0);
    wholeness.suspend();
    document.removals.begin();
    this.#begin({ parts, source, watch, totalBytes, applied: [], advanced: new Map() });
  }

  /** What is being applied is given up. */
  abandon(): void {
    this.#absorption?.cancel();
  }

  #begin(update: LargeUpdate): void {
    const { runtime, document, wholeness, apply } = this.#options;
    this.#absorption = new Absorption({
      runtime,
      limits: update.watch.limits,
      parts: update.parts,
      apply: (piece) => this.#applyPiece(update, piece),
      settle: (isTimeUp) => {
        let isSettled = false;
        apply(() => {
          isSettled = document.removals.settle(isTimeUp);
        });
        return isSettled;
      },
      progress: (done) => {
        // The end is told when all can see it.
        if (done < update.totalBytes) this.#report(update, done);
        update.watch.progress(done);
      },
      done: (error) => {
        this.#absorption = undefined;
        wholeness.restore(() => this.#finish(update, error));
      },
    });
  }

  #applyPiece({ applied, advanced, source }: LargeUpdate, piece: Uint8Array): void {
    const head = readHead(piece);
    // What is stored is put together from the parts, so none may repeat what is in the one before it.
    if (head && head.clock !== (advanced.get(head.session) ?? head.clock)) {
      throw new ChorusError("protocol", "a part of an answer does not begin where the one before it ends");
    }
    const news = this.#options.applyPart(piece, source);
    // The plan has found every gap that an honest answer can have.
    if (news === "gap")
      throw new ChorusError("protocol", "a part of an answer lacks what should be before it");
    if (news === "unchanged") return;
    for (const [session, clock] of news) advanced.set(session, clock);
    applied.push(piece);
  }

  /** All parts are applied, or all before one that was refused: they are stored as one, so that no crash splits them. */
  #finish(update: LargeUpdate, error: unknown): void {
    const { applied, advanced, source, watch } = update;
    const { counts, queue, forgotten } = this.#options;
    this.#report(update, update.totalBytes);
    if (applied.length > 0) {
      counts.appliedUpdates++;
      counts.absorbedUpdates++;
      queue.storeLarge(applied, () => {
        forgotten(source);
        watch.stored(advanced);
      });
    } else counts.repeatedUpdates++;
    if (error !== undefined) watch.failed(error);
    else watch.ended(applied.length > 0 ? "applied" : "unchanged");
  }

  #report({ source, totalBytes }: LargeUpdate, done: number): void {
    this.#options.progress.report(source, { task: "apply", done, total: totalBytes, unit: "bytes" });
  }
}
