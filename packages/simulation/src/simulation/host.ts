// One computer of the simulated world: its disk and its wrong clock outlive the processes on it. A process is
// a real Channel with a real PeerSet; it is killed by letting none of its tasks and handlers run any more.
import { Channel, type ChannelOptions, type ChannelStorage, ChorusError, PeerSet, Store } from "@chorus/core";
import type { DocumentRules } from "@chorus/core/internal";
import { addNumbers } from "./counters.js";
import { Disk } from "./disk.js";
import type { Random } from "./random.js";
import { RecordingDocument } from "./recording-document.js";
import { VirtualDatabase } from "./virtual-database.js";
import { urlOf } from "./virtual-network.js";
import { VirtualRuntime, type WallClock } from "./virtual-runtime.js";
import { waitFor } from "./wait-for.js";
import { DISK_ERRORS, EXPECTED_ERRORS } from "./expected-errors.js";
import type { Process, World } from "./world.js";

export type { Process, World } from "./world.js";

/** A process that has not stopped by itself after this long is killed. */
const STOPPING_MS = 2_000;

/** Stores whose disk is in order open in this time. */
const OPENING_MS = 10_000;

export class Host {
  readonly name: string;
  readonly disk: Disk;
  /** The URLs it dials; empty for one that is only dialled. */
  readonly urls: readonly string[];
  /** Error events of this host that the scenario explains. */
  readonly allowedErrors = new Set<string>();
  /** All sessions that it ever ran. */
  readonly sessionIds: number[] = [];
  /** All error events so far, by code. */
  readonly errors = new Map<string, number>();
  readonly #clock: WallClock;
  readonly #random: Random;
  readonly #world: World;
  #process: Process | undefined;
  #lastDocument: RecordingDocument | undefined;

  constructor(
    name: string,
    world: World,
    options: { random: Random; dials: readonly string[]; disk?: Disk },
  ) {
    this.name = name;
    this.#world = world;
    this.#random = options.random;
    this.disk = options.disk ?? new Disk(name);
    this.urls = options.dials.map(urlOf);
    this.#clock = { skewMs: options.random.between(-1, 1) * world.profile.skewMs };
  }

  get process(): Process | undefined {
    return this.#process;
  }

  /** The document of the process, or of the one that died last. */
  get lastDocument(): RecordingDocument | undefined {
    return this.#lastDocument;
  }

  /** A process with a fresh session on what the disk holds. @returns false when the disk does not let it start */
  async start(): Promise<boolean> {
    const world = this.#world;
    if (this.#random.chance(world.profile.damageShare)) this.#damage();
    const runtime = this.#createRuntime();
    const store = await this.#openStore(runtime);
    if (world.profile.storeMs !== undefined && !store) return false;
    try {
      world.scheduler.turn(() => this.#run(runtime, store));
      return true;
    } catch (error) {
      // The disk may fail between the store's opening and the channel's.
      if (!this.disk.trouble || !(error instanceof ChorusError)) throw error;
      this.#report(error);
      runtime.kill();
      this.disk.crash(this.#random, false);
      return false;
    }
  }

  /** The process dies in the middle of things: nothing is flushed, nobody is told but perhaps by a reset. */
  crash(reset: boolean): void {
    const process = this.#process;
    if (!process) return;
    this.#end(process, reset);
    this.#world.counters.add("crashes");
    this.#losePower();
    this.#world.trace?.(`${this.name} crashes${reset ? "" : " silently"}`);
  }

  /** The process ends as it should: all is stored, and the end too. One whose disk hangs is killed. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    this.#process = undefined;
    this.#world.trace?.(`${this.name} stops`);
    let closing = Promise.resolve();
    this.#world.scheduler.turn(() => {
      void process.peers.close();
      closing = process.channel.close();
    });
    const closed = closing.then(() => process.store?.close());
    const ended = await waitFor(closed, this.#world.scheduler, STOPPING_MS);
    this.#end(process, true);
    this.#world.counters.add(ended ? "cleanStops" : "killedStops");
    if (!ended) this.#losePower();
  }

  /** Peers with some of its URLs only, or with all of them again. */
  peer(share: number): void {
    const urls = this.urls.filter(() => this.#random.chance(share));
    this.#process?.peers.setUrls(urls);
    this.#world.trace?.(`${this.name} peers with ${urls.join(" ") || "nobody"}`);
  }

  /** Dials all its URLs anew, without waiting for a backoff to end. */
  redial(): void {
    this.#process?.peers.setUrls([]);
    this.#process?.peers.setUrls(this.urls);
  }

  /** Whether it is connected with whomever it dials. */
  hasReachedAll(): boolean {
    return (
      this.#process?.peers.links.every(({ status }) => status === "synced" || status === "closed") ?? false
    );
  }

  jumpClock(byMs: number): void {
    this.#clock.skewMs += byMs;
    this.#world.trace?.(`${this.name}'s clock jumps by ${Math.round(byMs)} ms`);
  }

  /** Adds what the engine counted to the coverage; before a process dies and when a run ends. */
  collect(): void {
    if (this.#process) this.#collect(this.#process);
  }

  /** The disk has suffered while the computer was off. */
  #damage(): void {
    for (let left = 1 + this.#random.below(3); left > 0; left--) {
      const damage = this.disk.damage(this.#random);
      if (damage === undefined) return;
      // Without its newest records, or without those that say who it is, a store is one that was rolled back.
      for (const code of ["store-damaged", "store-copied"]) this.allowedErrors.add(code);
      this.#world.counters.add("disk.damages");
      this.#world.trace?.(`${this.name} finds its store ${damage}`);
    }
  }

  #createRuntime(): VirtualRuntime {
    const world = this.#world;
    return new VirtualRuntime({
      scheduler: world.scheduler,
      random: this.#random,
      clock: this.#clock,
      workMs: world.profile.workMs,
      turnMs: world.profile.turnMs,
      newId: () => world.fault.newId?.(() => this.#random.id53()) ?? this.#random.id53(),
    });
  }

  async #openStore(runtime: VirtualRuntime): Promise<Store | undefined> {
    const { profile, scheduler, counters } = this.#world;
    if (profile.storeMs === undefined) return undefined;
    const database = new VirtualDatabase(this.disk, {
      runtime,
      random: this.#random,
      writeMs: profile.storeMs,
      count: (name) => counters.add(`disk.${name}`),
    });
    const { level, minFoldBytes } = profile;
    const opening = Store.open(database, { level, minFoldBytes, runtime, place: this.disk.place });
    try {
      const opened = await waitFor(opening, scheduler, OPENING_MS);
      if (opened) return opened.value;
      if (!this.disk.trouble) this.#world.fail("NOT OPENED", `${this.name}: the store takes too long`);
    } catch (error) {
      this.#report(error as ChorusError);
    }
    runtime.kill();
    this.disk.crash(this.#random, false);
    return undefined;
  }

  #run(runtime: VirtualRuntime, store: Store | undefined): void {
    const world = this.#world;
    const storage = store && this.#openStorage(store);
    const { channel, document } = this.#openChannel(runtime, storage);
    const peers = new PeerSet(channel, { ...world.peerSetOptions, dial: world.network.dialler(this.name) });
    const shadow = new Map([...channel.entries()].map(([key, value]) => [key, JSON.stringify(value)]));
    this.#process = { runtime, store, storage, channel, document, peers, shadow };
    this.#lastDocument = document;
    this.sessionIds.push(channel.sessionId);
    this.#listen(this.#process);
    for (const finding of store?.findings ?? []) this.#report(finding);
    world.network.listen(this.name, (transport) => peers.accept(transport));
    peers.setUrls(this.urls);
    world.counters.add("sessions");
    world.trace?.(
      `${this.name} starts session ${channel.sessionId} of ${channel.replicaId} with ${this.disk.size} records`,
    );
  }

  #openChannel(
    runtime: VirtualRuntime,
    storage: ChannelStorage | undefined,
  ): { channel: Channel; document: RecordingDocument } {
    const { profile, fault, history, documents, trace } = this.#world;
    const made: RecordingDocument[] = [];
    const rules: DocumentRules | undefined = fault.rules;
    const options: ChannelOptions = {
      name: "data",
      runtime,
      createDocument: (documentOptions) => {
        const document = (fault.createDocument ?? defaultDocument)(documentOptions, {
          history,
          documents,
          trace,
        });
        made.push(document);
        return document;
      },
      maxBatchEntries: profile.commitBatch,
      cleaning: {
        minSegmentStructs: profile.segmentStructs,
        maxSegmentStructs: profile.segmentStructs * 3,
        moveBatch: profile.moveBatch,
        dropBatch: 1 + this.#random.below(5),
        minIdleDead: 4,
      },
      ...(rules && { rules }),
      ...(storage && { storage }),
    };
    const channel = (fault.createChannel ?? ((given) => new Channel(given)))(options);
    return { channel, document: made[0] as RecordingDocument };
  }

  #openStorage(store: Store): ChannelStorage {
    const storage = store.openChannel("data");
    return this.#world.fault.wrapStorage?.(storage) ?? storage;
  }

  /** Nothing of the process runs any more. */
  #end(process: Process, reset: boolean): void {
    this.#collect(process);
    process.runtime.kill();
    this.#world.network.crash(this.name, reset);
    this.#process = undefined;
  }

  /** What of the disk's batches survives; sometimes the whole computer has gone down. */
  #losePower(): void {
    const { profile, counters, trace } = this.#world;
    const power = this.#random.chance(profile.powerShare);
    const lost = this.disk.crash(this.#random, power);
    if (power) counters.add("powerCuts");
    counters.add("disk.lostBatches", lost);
    if (lost > 0) trace?.(`${this.name} loses ${lost} batches${power ? " with the power" : ""}`);
  }

  #report(error: ChorusError): void {
    const { code } = error;
    this.#world.trace?.(`${this.name} error ${code}: ${error.message}`);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
    const troubled = DISK_ERRORS.includes(code) && this.#world.profile.weights.failDisk > 0;
    if (EXPECTED_ERRORS.has(code) || troubled || this.allowedErrors.has(code))
      this.#world.counters.add(`errors.${code}`);
    else this.#world.fail(`ERROR ${code}`, `${this.name}: ${error.stack ?? error.message}`);
  }

  #listen({ channel, peers, shadow }: Process): void {
    const report = (error: ChorusError): void => this.#report(error);
    channel.on("error", report);
    peers.on("error", report);
    channel.on("store", ({ failure }) => {
      if (!failure) this.#world.counters.add("disk.recoveries");
    });
    channel.on("change", ({ changes }) => {
      for (const { key, value } of changes) {
        if (value === undefined) shadow.delete(key);
        else shadow.set(key, JSON.stringify(value));
      }
    });
  }

  #collect({ channel, peers }: Process): void {
    addNumbers(this.#world.counters, "channel", channel.stats());
    addNumbers(this.#world.counters, "peers", peers.stats());
  }
}

function defaultDocument(...parameters: ConstructorParameters<typeof RecordingDocument>): RecordingDocument {
  return new RecordingDocument(...parameters);
}
