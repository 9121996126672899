// Carries out a job on a node. Must never do more for one system than for another.
import { recordOf } from "../records.js";
import type { SystemNode, Value } from "../systems/system.js";
import { nextTurn, pause } from "../wait.js";
import { nowMs } from "./clock.js";
import { type Job, KeyChooser, keysOf } from "./job.js";
import type { LastWrite } from "./node-messages.js";

export class JobWriter {
  readonly #node: SystemNode;
  /** By key, for the keys that several nodes write. */
  readonly lastWrites = new Map<string, LastWrite>();

  constructor(node: SystemNode) {
    this.#node = node;
  }

  /** Resolves when all is written here, with the moment of the first set, of the end, and of each set if asked for. */
  async write(
    job: Job,
    withTimes: boolean,
  ): Promise<{ startedAt: number; endedAt: number; times?: readonly number[] }> {
    const chooser = new KeyChooser(job, keysOf(job));
    const times: number[] | undefined = withTimes ? [] : undefined;
    const batch = job.atOnce ? batchOf(job, chooser) : undefined;
    const startedAt = nowMs();
    if (batch === undefined) await this.#writeSingly(job, chooser, times);
    else await this.#node.setAll(batch);
    if (job.marker !== undefined) {
      this.#node.set(job.marker, recordOf((job.firstSerial ?? 0) + job.sets));
    }
    return { startedAt, endedAt: nowMs(), ...(times === undefined ? {} : { times }) };
  }

  async #writeSingly(job: Job, chooser: KeyChooser, times: number[] | undefined): Promise<void> {
    const { sets, setsPerTurn = 0, pauseMs, firstSerial = 0 } = job;
    for (let i = 0; i < sets; i++) {
      const key = chooser.next(i);
      const serial = firstSerial + i;
      times?.push(nowMs());
      this.#node.set(key, recordOf(serial));
      if (chooser.isShared) this.lastWrites.set(key, { key, serial, wallMs: Date.now() });
      if (setsPerTurn > 0 && (i + 1) % setsPerTurn === 0) {
        await (pauseMs === undefined ? nextTurn() : pause(pauseMs));
      }
    }
  }
}

/** Made beforehand, so that no figure counts it. */
function batchOf(job: Job, chooser: KeyChooser): [string, Value][] {
  const first = job.firstSerial ?? 0;
  return Array.from({ length: job.sets }, (_, i) => [chooser.next(i), recordOf(first + i)]);
}
