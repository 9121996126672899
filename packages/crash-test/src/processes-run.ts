// Five processes with data folders in a full mesh through proxies, all writing, while processes are killed and frozen and
// connections are cut, refused and held back. After the last fault all must become equal, with nothing acknowledged lost.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Random } from "@chorus/simulation/parts";
import { History } from "./history.js";
import type { Load } from "./messages.js";
import { doSomeFault, type FaultHost } from "./mesh-faults.js";
import { MeshMember } from "./mesh-member.js";
import { TcpProxy } from "./tcp-proxy.js";
import { Counts, Failures, isNetworkError, Times } from "./tally.js";
import { waitUntil } from "./waiting.js";

export interface ProcessesOptions {
  readonly durationMs: number;
  readonly seed: number;
  /** An empty folder for the stores. */
  readonly folder: string;
  /** Default 5. */
  readonly processes?: number;
  /** A planted fault: all acknowledge without waiting for the store. */
  readonly acknowledgesEarly?: boolean;
  /** Told now and then. */
  readonly onProgress?: (line: string) => void;
}

export interface ProcessesResult {
  readonly announced: number;
  readonly acknowledged: number;
  readonly keys: number;
  /** Keys that could show only one thing at the end. */
  readonly certainKeys: number;
  readonly faults: Counts;
  /** From a start to the open store. */
  readonly opened: Times;
  /** From the end of the last fault to equal content hashes; undefined when that did not come about. */
  readonly equalAfterMs: number | undefined;
  readonly networkErrors: Counts;
  /** Processes whose replicaId was seen by another, and so was watched for changes. */
  readonly identities: number;
  readonly failures: readonly string[];
}

/** What the design promises, in milliseconds. */
export const EQUAL_WITHIN_MS = 5_000;

/** Longer than what is promised, to see how long it does take. */
const EQUAL_DEADLINE_MS = 60_000;

const SHARED_KEYS = 60;
const OWN_KEYS = 150;

/** Rejects only when the test itself cannot go on. */
export function runProcesses(options: ProcessesOptions): Promise<ProcessesResult> {
  return new ProcessesRun(options).run();
}

class ProcessesRun {
  readonly #options: ProcessesOptions;
  readonly #random: Random;
  readonly #history = new History();
  readonly #failures = new Failures();
  readonly #faults = new Counts();
  readonly #networkErrors = new Counts();
  readonly #opened = new Times();
  readonly #members: MeshMember[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #equalAfterMs: number | undefined;
  #keys = 0;
  #certainKeys = 0;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<ProcessesResult> {
    try {
      await this.#openMesh();
      await this.#torment();
      if (this.#failures.count === 0) {
        await this.#converge();
        await Promise.all(this.#members.map((member) => member.close()));
      }
    } catch (error) {
      this.#failures.add(error instanceof Error ? error.message : String(error));
    } finally {
      await Promise.all(this.#underWay);
      await Promise.all(this.#members.map((member) => member.end()));
      await Promise.all(this.#members.flatMap(({ outbound }) => outbound.map((proxy) => proxy.close())));
    }
    return this.#result();
  }

  async #openMesh(): Promise<void> {
    const { processes = 5, folder } = this.#options;
    const host = {
      history: this.#history,
      failed: (code: string, message: string) => this.#errorEvent(code, message),
      met: (port: number, replicaId: string) => this.#checkIdentity(port, replicaId),
      opened: (member: MeshMember, content: ReadonlyMap<string, string>) => this.#checkOwn(member, content),
    };
    for (let i = 0; i < processes; i++) {
      const name = `m${i}`;
      this.#members.push(new MeshMember(name, { folder: join(folder, name), level: "sync" }, host));
    }
    for (const from of this.#members) {
      for (const to of this.#members) {
        if (from === to) continue;
        const proxy = await TcpProxy.open();
        from.outbound.push(proxy);
        to.inbound.push(proxy);
      }
    }
    await Promise.all(this.#members.map((member) => this.#start(member)));
  }

  /** One fault after the other, several at a time, until the time is up and the last has ended. */
  async #torment(): Promise<void> {
    const host: FaultHost = {
      random: this.#random,
      members: this.#members,
      counts: this.#faults,
      opened: this.#opened,
      restart: (member) => this.#start(member),
    };
    const endMs = performance.now() + this.#options.durationMs;
    let nextProgressMs = performance.now() + 30_000;
    while (performance.now() < endMs && this.#failures.count === 0) {
      const fault: Promise<void> = doSomeFault(host)
        .catch((error: Error) => this.#failures.add(error.message))
        .finally(() => this.#underWay.delete(fault));
      this.#underWay.add(fault);
      await pause(this.#random.between(100, 1_000));
      if (performance.now() < nextProgressMs) continue;
      nextProgressMs += 30_000;
      this.#options.onProgress?.(`${this.#history.acknowledged} acknowledged, ${this.#faults}`);
    }
    await Promise.all(this.#underWay);
  }

  async #converge(): Promise<void> {
    const startMs = performance.now();
    await Promise.all(this.#members.map((member) => member.quiet()));
    const areEqual = async (): Promise<boolean> => {
      const hashes = await Promise.all(this.#members.map((member) => member.contentHash()));
      return new Set(hashes).size === 1;
    };
    await waitUntil(areEqual, { deadlineMs: EQUAL_DEADLINE_MS, what: "equal content hashes" });
    this.#equalAfterMs = performance.now() - startMs;
    if (this.#equalAfterMs > EQUAL_WITHIN_MS)
      this.#failures.add(`equal only ${this.#equalAfterMs.toFixed(0)} ms after the last fault`);
    for (const member of this.#members) {
      const { content } = await member.state();
      this.#keys = content.length;
      for (const failure of this.#history.check(new Map(content)))
        this.#failures.add(`at the end, ${member.name}: ${failure}`);
    }
    this.#certainKeys = this.#history.certainKeys();
  }

  #start(member: MeshMember): Promise<number> {
    const load: Omit<Load, "writer" | "nextNumber"> = {
      seed: this.#random.seed(),
      groups: [
        { prefix: member.ownPrefix, keys: OWN_KEYS },
        { prefix: "shared-", keys: SHARED_KEYS },
      ],
      maxBurst: 6,
      // Without a pause something is always on its way to the disk, and no kill misses it.
      maxPauseMs: this.#options.acknowledgesEarly ? 0 : 40,
      deletes: 0.15,
      padBytes: 60,
      acknowledgesEarly: this.#options.acknowledgesEarly ?? false,
    };
    return member.start(load);
  }

  /** No crash makes a replica another one; a store that nothing was written to yet has no name to keep. */
  #checkIdentity(port: number, replicaId: string): void {
    const member = this.#members.find(({ inbound }) => inbound.some((proxy) => proxy.port === port));
    if (!member || this.#history.acknowledgedBy(member.name) === 0) return;
    member.replicaId ??= replicaId;
    if (member.replicaId !== replicaId)
      this.#failures.add(`${member.name} was the replica ${member.replicaId} and is now ${replicaId}`);
  }

  /** Nobody else writes a member's own keys: its store alone must show what it acknowledged. */
  #checkOwn({ name, ownPrefix }: MeshMember, content: ReadonlyMap<string, string>): void {
    for (const failure of this.#history.check(content, ownPrefix))
      this.#failures.add(`${name}, started again: ${failure}`);
  }

  #errorEvent(code: string, message: string): void {
    if (isNetworkError(code)) this.#networkErrors.add(code);
    else this.#failures.add(`${code}: ${message}`);
  }

  #result(): ProcessesResult {
    return {
      announced: this.#history.announced,
      acknowledged: this.#history.acknowledged,
      keys: this.#keys,
      certainKeys: this.#certainKeys,
      faults: this.#faults,
      opened: this.#opened,
      equalAfterMs: this.#equalAfterMs,
      networkErrors: this.#networkErrors,
      identities: this.#members.filter(({ replicaId }) => replicaId !== undefined).length,
      failures: this.#failures.lines,
    };
  }
}

/** The figures of a run, some lines. */
export function describeProcessesResult(result: ProcessesResult): string {
  const { announced, acknowledged, keys, certainKeys, faults, opened, equalAfterMs, networkErrors } = result;
  return [
    `${announced} writes, ${acknowledged} acknowledged; ${keys} keys at the end, ${certainKeys} of all with one possible outcome`,
    `faults: ${faults}`,
    `equal after the last fault: ${equalAfterMs === undefined ? "never" : `${equalAfterMs.toFixed(0)} ms`}`,
    `restart to open store: ${opened}`,
    `network errors: ${networkErrors}`,
  ].join("\n");
}
