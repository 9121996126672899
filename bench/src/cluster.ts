// The processes of one system while it runs one workload: its nodes, and its server if it has one. Must leave no
// process and no folder behind after `end`.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { nowMs } from "./node/clock.js";
import type { Job } from "./node/job.js";
import type { CommandName, Commands, Span } from "./node/node-messages.js";
import { NodeProcess } from "./node/node-process.js";
import { ContentsDiffer } from "./run.js";
import type { System } from "./systems/system.js";
import { pause } from "./wait.js";

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly id: string;
  readonly system: System;
  /** For the names of profiles. */
  readonly workload: string;
  /** Where nodes get their folders. */
  readonly root: string;
  /** Time for each command to a node, in milliseconds. */
  readonly commandMs: number;
  /** Where each process writes a CPU profile; default: none. */
  readonly profileFolder?: string | undefined;
  /** How long contents may differ, in milliseconds. Default 10,000. */
  readonly convergeMs?: number;
}

/** What a run of writes cost all processes together, and when everybody had it. */
export interface Cost {
  readonly cpuMicroseconds: number;
  readonly wallMs: number;
  readonly startedAt: number;
}

/** A node's part in a run of writes. */
export interface Task {
  readonly node: number;
  readonly job: Job;
}

/** Contents that differ are looked at again: a marker may be there before what was written earlier. */
const CONVERGE_MS = 10_000;
const CONVERGE_PAUSE_MS = 250;

export class Cluster {
  readonly system: System;
  readonly id: string;
  readonly #options: ClusterOptions;
  readonly #processes = new Map<number | "server", NodeProcess>();
  readonly #addresses: string[] = [];
  #serverAddress: string | undefined;
  #open = new Set<number | "server">();
  #folders: string[] = [];
  /** How often a look at the contents found them not yet equal. */
  looksTooEarly = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.system = options.system;
    this.id = options.id;
  }

  /** Makes the nodes 0 to count − 1, and the server first, and connects all with each other. */
  async start(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, index) => index);
    await this.createServer();
    await Promise.all(numbers.map((index) => this.create(index)));
    await Promise.all(numbers.map((index) => this.connect(index, count - 1)));
  }

  /** Makes the server, where the system has one. */
  async createServer(): Promise<void> {
    if (this.system.topology !== "server" || this.#open.has("server")) return;
    const folder = await this.#folder();
    this.#open.add("server");
    this.#serverAddress = await this.#process("server").ask("create", { role: "server", folder, index: 0 });
  }

  /** Makes a node that is not connected yet. */
  async create(index: number): Promise<void> {
    const folder = await this.#folder();
    this.#open.add(index);
    const address = await this.#process(index).ask("create", { role: "node", folder, index });
    this.#addresses[index] = address ?? "";
  }

  /** Connects a node to the server, or to all nodes before it. */
  connect(index: number, peers: number): Promise<Span> {
    const addresses =
      this.#serverAddress === undefined ? this.#addresses.slice(0, index) : [this.#serverAddress];
    return this.ask(index, "connect", { addresses, peers });
  }

  ask<Name extends CommandName>(
    index: number,
    command: Name,
    request: Commands[Name]["request"],
  ): Promise<Commands[Name]["answer"]> {
    return this.#process(index).ask(command, request);
  }

  /** Asks all nodes, not the server. */
  askAll<Name extends CommandName>(
    command: Name,
    request: Commands[Name]["request"],
  ): Promise<Commands[Name]["answer"][]> {
    return Promise.all(this.nodes.map((index) => this.ask(index, command, request)));
  }

  /** Numbers of the nodes that there are now. */
  get nodes(): number[] {
    return [...this.#open].filter((index) => index !== "server");
  }

  /** CPU in microseconds of all processes so far. */
  async cpu(): Promise<number> {
    const each = await Promise.all(
      [...this.#open].map((index) => this.#process(index).ask("cpu", undefined)),
    );
    return each.reduce((sum, count) => sum + count, 0);
  }

  /** Lets nodes write at the same time, and waits until each node has the markers of all others. */
  async write(tasks: readonly Task[]): Promise<Cost> {
    await Promise.all(this.nodes.map((index) => this.ask(index, "watch", markersOfOthers(tasks, index))));
    const before = await this.cpu();
    const spans = await Promise.all(tasks.map(({ node, job }) => this.ask(node, "write", { job })));
    const startedAt = Math.min(...spans.map((span) => span.startedAt));
    const seen = (await this.askAll("seen", undefined)).flat();
    const after = await this.cpu();
    const endedAt = Math.max(...seen, ...spans.map((span) => span.endedAt));
    return { cpuMicroseconds: after - before, wallMs: endedAt - startedAt, startedAt };
  }

  /**
   * Compares the contents of all nodes, and with what they must be if that is given.
   * @returns the number of keys. @throws ContentsDiffer when they stay different
   */
  async compare(expectedHash?: string): Promise<number> {
    const deadline = nowMs() + (this.#options.convergeMs ?? CONVERGE_MS);
    for (;;) {
      const contents = await this.askAll("contents", undefined);
      const hashes = new Set(contents.map(({ hash }) => hash));
      if (expectedHash !== undefined) hashes.add(expectedHash);
      if (hashes.size <= 1) return contents[0]?.keys ?? 0;
      this.looksTooEarly++;
      if (nowMs() >= deadline) {
        const each = contents.map(({ hash, keys }) => `${keys} keys ${hash.slice(0, 8)}`).join(", ");
        const expected = expectedHash === undefined ? "" : `, expected ${expectedHash.slice(0, 8)}`;
        throw new ContentsDiffer(`contents of the nodes differ: ${each}${expected}`);
      }
      await pause(CONVERGE_PAUSE_MS);
    }
  }

  /** Ends the nodes and the server; the processes stay, warm for the next round. */
  async close(): Promise<void> {
    const nodes = this.nodes.map((index) => this.closeNode(index));
    await Promise.all(nodes);
    if (this.#open.delete("server")) await this.#process("server").ask("close", undefined);
    this.#serverAddress = undefined;
    const folders = this.#folders;
    this.#folders = [];
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }

  async closeNode(index: number): Promise<void> {
    if (this.#open.delete(index)) await this.#process(index).ask("close", undefined);
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    const processes = [...this.#processes.values()];
    this.#processes.clear();
    this.#open.clear();
    this.#serverAddress = undefined;
    await Promise.all(processes.map((process) => process.end()));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true, force: true })));
    this.#folders = [];
  }

  #process(index: number | "server"): NodeProcess {
    const known = this.#processes.get(index);
    if (known !== undefined) return known;
    const { id, workload, commandMs, profileFolder } = this.#options;
    const name = `${workload}-${id}-${index === "server" ? "server" : `node-${index}`}`;
    const profile = profileFolder === undefined ? undefined : { folder: profileFolder, name };
    const made = new NodeProcess({ system: id, commandMs, profile });
    this.#processes.set(index, made);
    return made;
  }

  async #folder(): Promise<string> {
    const folder = await mkdtemp(join(this.#options.root, `${this.id}-`));
    this.#folders.push(folder);
    return folder;
  }
}

/** What this node has to wait for: the last write of every other one. */
function markersOfOthers(tasks: readonly Task[], index: number): string[] {
  return tasks.flatMap(({ node, job }) => (node === index || job.marker === undefined ? [] : [job.marker]));
}
