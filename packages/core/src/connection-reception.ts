// What comes from a peer: live updates, and the parts of answers and resyncs. It keeps parts until the last has come and
// hands them to the channel, large ones to be applied in turns. It sends nothing and never looks into an update.
import type { ExchangeOwner } from "./connection-host.js";
import type { Question } from "./connection-question.js";
import type { ReceiveResult } from "./channel-replication.js";
import { ChorusError } from "./errors.js";
import { ANSWER_END, isEmptyUpdate, LIVE_UPDATE, PART, type UpdateFlags } from "./frames.js";
import type { AnswerReading } from "./read-ahead.js";
import { ReceptionProgress } from "./reception-progress.js";
import type { StateVector } from "./state-vector.js";
import { UpdateParts } from "./update-parts.js";

export interface ReceptionOptions {
  readonly owner: ExchangeOwner;
  /** Whether updates of the peer are applied here. */
  readonly receives: boolean;
  readonly question: Question;
  /** What the peer is known to have. */
  readonly known: () => StateVector;
  /** The last part of an answer was applied. */
  readonly answered: () => void;
}

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #parts: UpdateParts;
  #progress: ReceptionProgress | undefined;
  /** Of a large answer that is on its way. */
  #reading: AnswerReading | undefined;
  /** When something came that is no answer, on the monotonic clock. */
  #updateAt = Number.NEGATIVE_INFINITY;
  #hasReportedRefusal = false;
  #closed = false;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#parts = new UpdateParts(options.owner.host.limits.maxAnswerBytes);
  }

  get updateAt(): number {
    return this.#updateAt;
  }

  /** @throws ChorusError protocol, too-large */
  receive(update: Uint8Array, flags: UpdateFlags): void {
    const { owner, question, receives } = this.#options;
    if (!receives) return this.#refuse();
    const isAnswer = flags !== LIVE_UPDATE && question.isOutstanding;
    if (isAnswer && flags === PART && isEmptyUpdate(update)) return question.alive();
    if (isAnswer) question.part();
    else this.#updateAt = owner.host.channel.runtime.elapsed();
    const parts = this.#parts.add(update, flags);
    const ends = isAnswer && flags === ANSWER_END;
    if (flags !== LIVE_UPDATE) this.#report(update, flags !== PART);
    if (parts === undefined) return this.#readAhead();
    if (flags !== LIVE_UPDATE) this.#endReading();
    if (parts.length > 1 && this.#parts.lastBytes >= owner.host.limits.absorbBytes) {
      return this.#absorb(parts, { isAnswer, ends });
    }
    const { replication } = owner.host.channel;
    this.#applied(replication.receive(parts, owner.source, this.#stored), { isAnswer, ends });
  }

  close(): void {
    this.#closed = true;
    this.#parts.clear();
    this.#progress = undefined;
    this.#endReading();
    this.#options.owner.host.channel.replication.progress.end(this);
  }

  /** Also after the end of the connection all of it is applied. */
  #absorb(parts: readonly Uint8Array[], kind: { isAnswer: boolean; ends: boolean }): void {
    const { owner, question } = this.#options;
    const attempt = (task: () => void): void => {
      if (this.#closed) return;
      try {
        task();
      } catch (error) {
        owner.failed(error);
      }
    };
    owner.host.channel.replication.absorb(parts, owner.source, {
      limits: owner.host.limits,
      progress: () =>
        attempt(() => {
          if (kind.isAnswer) question.part();
        }),
      ended: (result) => attempt(() => this.#applied(result, kind)),
      failed: (error) => owner.failed(error),
      stored: this.#stored,
    });
  }

  #applied(result: ReceiveResult, { isAnswer, ends }: { isAnswer: boolean; ends: boolean }): void {
    const { owner, question, answered } = this.#options;
    if (result === "gap") {
      owner.host.counters.gaps++;
      if (isAnswer) question.spoil();
      else question.ask();
    }
    if (ends) answered();
  }

  #endReading(): void {
    this.#reading?.end();
    this.#reading = undefined;
  }

  /** Not before it is sure to be applied part by part. */
  #readAhead(): void {
    const { channel, limits } = this.#options.owner.host;
    if (this.#parts.lastBytes < limits.absorbBytes) return;
    this.#reading ??= channel.replication.openReading();
    this.#reading.continue(this.#parts.kept);
  }

  /** Tells how far a large one is; it is not known to be one before a good part has come. */
  #report(part: Uint8Array, isLast: boolean): void {
    const { owner, known } = this.#options;
    const { replication } = owner.host.channel;
    if (this.#parts.lastBytes < owner.host.limits.absorbBytes) return;
    this.#progress ??= new ReceptionProgress(replication.vector(), known());
    this.#progress.add(part);
    replication.progress.report(this, isLast ? this.#progress.end : this.#progress.now);
    if (isLast) this.#progress = undefined;
  }

  #refuse(): void {
    const { owner } = this.#options;
    owner.host.counters.refused++;
    if (this.#hasReportedRefusal) return;
    this.#hasReportedRefusal = true;
    const text = `${owner.label} sent an update without the permission to write`;
    owner.host.report(new ChorusError("read-only-peer", text));
  }

  /** Also after the end: whoever wrote it may be connected, and waits for the ack. */
  readonly #stored = (advanced: StateVector): void => this.#options.owner.stored(advanced);
}
