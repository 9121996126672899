// What may happen in a step: the application writes, the engine is made to drop and clean, the network and
// the hosts misbehave. Each action is a turn of its own.
import type { ChorusError } from "@chorus/core";
import { DISK_ERRORS } from "./expected-errors.js";
import type { Host, Process, World } from "./host.js";
import type { ActionName, ActionWeights } from "./profile.js";
import type { Random } from "./random.js";
import { EPOCH_MS } from "./virtual-runtime.js";

/** Forced timestamps are multiples of this, so that different replicas often use the same one. */
const FORCED_GRAIN_MS = 500;

export class Actions {
  readonly #world: World;
  readonly #hosts: readonly Host[];
  readonly #random: Random;
  /** Every value is written once, so that a value tells which write it came from. */
  #nextValue = 0;

  constructor(world: World, hosts: readonly Host[], random: Random) {
    this.#world = world;
    this.#hosts = hosts;
    this.#random = random;
  }

  /** One random action, by the weights of the profile or by others. */
  async step(weights: ActionWeights = this.#world.profile.weights): Promise<void> {
    const name = this.#random.pickWeighted(weights);
    // Where a process starts or ends promises are waited for, which cannot be done within a turn.
    if (name === "restart") await this.#restart();
    else if (name === "stop") await this.#random.pick(this.#hosts).stop();
    else this.#world.scheduler.turn(() => this.#perform[name]());
  }

  /** One write of a host that runs, whatever the weights say. */
  write(writer?: Host): void {
    this.#world.scheduler.turn(() => {
      if (!writer) this.#perform.write();
      else if (writer.process) this.#write(writer.process, writer);
    });
  }

  async #restart(): Promise<void> {
    const stopped = this.#hosts.filter((host) => !host.process);
    if (stopped.length > 0) await this.#random.pick(stopped).start();
  }

  readonly #perform: Readonly<Record<Exclude<ActionName, "restart" | "stop">, () => void>> = {
    write: () => this.#onRunning((process, host) => this.#write(process, host)),
    burst: () =>
      this.#onRunning((process, host) => {
        for (let left = 2 + this.#random.below(4); left > 0; left--) this.#write(process, host);
      }),
    maintain: () =>
      this.#onRunning(({ channel }) => {
        const step = {
          idle: this.#random.chance(0.6),
          dropBatch: 1 + this.#random.below(4),
          moveBatch: 1 + this.#random.below(this.#world.profile.moveBatch),
        };
        if (channel.maintain(step)) this.#world.counters.add("maintenanceSteps");
      }),
    breakConnection: () => {
      const { network, counters, trace } = this.#world;
      if (network.connections.length === 0) return;
      const connection = this.#random.pick(network.connections);
      trace?.(`the connection ${connection.caller.host}→${connection.callee.host} breaks`);
      counters.add("brokenConnections");
      connection.break();
    },
    partition: () => {
      const [a, b] = this.#pair();
      const breaking = this.#random.chance(0.5);
      this.#world.trace?.(`partition ${a} ${b}, connections ${breaking ? "break" : "stall"}`);
      this.#world.counters.add("partitions");
      this.#world.network.partition(a, b, breaking);
    },
    heal: () => {
      const [a, b] = this.#pair();
      this.#world.network.heal(a, b);
    },
    crash: () => this.#onRunning((_, host) => host.crash(this.#random.chance(0.7))),
    failDisk: () => {
      const { disk, name } = this.#random.pick(this.#hosts);
      disk.trouble = this.#random.pick(["full", "broken", "hanging"] as const);
      this.#world.counters.add(`troubles.${disk.trouble}`);
      this.#world.trace?.(`${name}'s disk is ${disk.trouble}`);
    },
    healDisk: () => {
      for (const { disk } of this.#hosts) if (this.#random.chance(0.5)) disk.trouble = undefined;
    },
    repeer: () =>
      this.#onRunning((_, host) => {
        host.peer(this.#random.pick([0.5, 1]));
        this.#world.counters.add("urlChanges");
      }),
    slow: () => {
      const { network, counters, trace } = this.#world;
      if (network.connections.length === 0) return;
      const connection = this.#random.pick(network.connections);
      const rate = this.#random.chance(0.6) ? this.#random.between(20, 20_000) : undefined;
      trace?.(`${connection.caller.host}→${connection.callee.host} at ${rate ?? "full"} bytes/ms`);
      if (rate) counters.add("slowedConnections");
      connection.setRate(rate);
    },
    jumpClock: () => {
      const { skewMs } = this.#world.profile;
      this.#random.pick(this.#hosts).jumpClock(this.#random.between(-1, 0.7) * skewMs);
    },
    wait: () => {
      // Long enough for links to dial again, heartbeats to fail and channels to become idle.
      this.#world.scheduler.runFor(this.#random.between(100, this.#random.pick([1_000, 5_000, 30_000])));
    },
  };

  #onRunning(task: (process: Process, host: Host) => void): void {
    const host = this.#random.pick(this.#hosts);
    if (host.process) task(host.process, host);
  }

  #pair(): [string, string] {
    const a = this.#random.below(this.#hosts.length);
    const b = (a + 1 + this.#random.below(this.#hosts.length - 1)) % this.#hosts.length;
    return [(this.#hosts[a] as Host).name, (this.#hosts[b] as Host).name];
  }

  #write(process: Process, host: Host): void {
    const { profile, counters } = this.#world;
    const options = this.#random.chance(profile.forcedShare) ? { timestampMs: this.#forcedTimestamp() } : {};
    if (options.timestampMs !== undefined) counters.add("operations.forced");
    if (process.storage?.failure) return this.#writeInVain(process, host, options);
    if (this.#random.chance(profile.batchShare)) return this.#writeBatch(process, host, options);
    const key = this.#key();
    if (this.#random.chance(profile.deleteShare)) {
      if (!process.channel.delete(key, options)) return;
      counters.add("operations.delete");
      this.#wrote(process, host, new Map([[key, undefined]]));
    } else {
      const value = this.#value();
      if (!process.channel.set(key, value, options)) return;
      counters.add("operations.set");
      this.#wrote(process, host, new Map([[key, value]]));
    }
  }

  /** A store that fails takes no write: it must be refused with the reason, and leave nothing behind. */
  #writeInVain({ channel }: Process, host: Host, options: { timestampMs?: number }): void {
    const key = this.#key();
    const before = channel.get(key);
    let code: string | undefined;
    try {
      channel.set(key, this.#value(), options);
    } catch (error) {
      ({ code } = error as ChorusError);
    }
    this.#world.counters.add("operations.refused");
    if (code && DISK_ERRORS.includes(code) && channel.get(key) === before) return;
    this.#world.fail("NOT REFUSED", `${host.name}: ${code ?? "no error"}, ${channel.get(key)}`);
  }

  #writeBatch(process: Process, host: Host, options: { timestampMs?: number }): void {
    const { profile, counters } = this.#world;
    const entries = new Map<string, string | undefined>();
    for (let left = 1 + this.#random.below(Math.min(profile.keys, 40)); left > 0; left--) {
      const key = this.#key();
      const deletes = this.#random.chance(profile.deleteShare);
      // Deleting what is not there writes nothing.
      if (!deletes) entries.set(key, this.#value());
      else if (process.channel.has(key)) entries.set(key, undefined);
    }
    const written = process.channel.update(entries, options);
    counters.add("operations.batch", written);
    // With a forced timestamp some may not have won; what was written shows.
    for (const [key, value] of entries) if (process.channel.get(key) !== value) entries.delete(key);
    this.#wrote(process, host, entries);
  }

  /** A session reads its own writes at once. */
  #wrote({ channel, document }: Process, host: Host, entries: ReadonlyMap<string, string | undefined>): void {
    document.noteWritten([...entries.keys()]);
    for (const [key, value] of entries) {
      this.#world.trace?.(
        `${host.name} ${value === undefined ? `deletes ${key}` : `sets ${key} = ${value}`}`,
      );
      if (channel.get(key) === value) continue;
      this.#world.fail(
        "OWN WRITE UNREAD",
        `${host.name} wrote ${value} to ${key} and reads ${channel.get(key)}`,
      );
    }
  }

  #key(): string {
    return `k${this.#random.below(this.#world.profile.keys)}`;
  }

  #value(): string {
    return `v${this.#nextValue++}`;
  }

  #forcedTimestamp(): number {
    const nowMs =
      EPOCH_MS + this.#world.scheduler.nowMs + this.#random.between(-0.5, 1) * this.#world.profile.skewMs;
    const grain = this.#random.pick([FORCED_GRAIN_MS, 60_000]);
    return Math.floor(nowMs / grain) * grain;
  }
}
