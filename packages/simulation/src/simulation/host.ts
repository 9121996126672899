// One computer of the simulated world: its disk and its wrong clock outlive the processes on it. A process is
// a real Channel with a real PeerSet; it is killed by letting none of its tasks and handlers run any more.
import { Channel, type ChannelOptions, type ChorusError, PeerSet, type PeerSetOptions } from "@chorus/core";
import type { DocumentRules } from "@chorus/core/internal";
import type { Counters } from "./counters.js";
import { Disk } from "./disk.js";
import type { FaultPlan } from "./faults.js";
import type { History } from "./history.js";
import type { Profile } from "./profile.js";
import type { Random } from "./random.js";
import { RecordingDocument } from "./recording-document.js";
import type { Scheduler } from "./scheduler.js";
import { urlOf, type VirtualNetwork } from "./virtual-network.js";
import { VirtualRuntime, type WallClock } from "./virtual-runtime.js";

/** Errors that a network such as ours explains; any other error event is a failure of the run. */
const EXPECTED_ERRORS: ReadonlySet<string> = new Set([
  "closed",
  "connection-failed",
  "duplicate",
  "replaced",
  "self",
  "stalled",
  "timeout",
]);

/** A start that finds more records than this folds them. */
const FOLDED_RECORDS = 40;

/** What all hosts of a world share. */
export interface World {
  readonly scheduler: Scheduler;
  readonly network: VirtualNetwork;
  readonly history: History;
  readonly counters: Counters;
  readonly profile: Profile;
  readonly fault: FaultPlan;
  /** The documents of all hosts: of the running process, or of the last one. */
  readonly documents: () => Iterable<RecordingDocument>;
  readonly peerSetOptions: Omit<PeerSetOptions, "dial">;
  /** A failure of the run. */
  fail(kind: string, detail: string): void;
  readonly trace: ((line: string) => void) | undefined;
}

/** What runs on a host. */
export interface Process {
  readonly runtime: VirtualRuntime;
  readonly channel: Channel;
  readonly document: RecordingDocument;
  readonly peers: PeerSet;
  /** What a listener that follows the change events believes the channel to hold: JSON by key. */
  readonly shadow: Map<string, string>;
}

export class Host {
  readonly name: string;
  readonly disk = new Disk();
  /** The URLs it dials; empty for one that is only dialled. */
  readonly urls: readonly string[];
  readonly #clock: WallClock;
  readonly #random: Random;
  readonly #world: World;
  #process: Process | undefined;
  #lastDocument: RecordingDocument | undefined;

  constructor(name: string, world: World, options: { random: Random; dials: readonly string[] }) {
    this.name = name;
    this.#world = world;
    this.#random = options.random;
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

  /** A process with a fresh session on what the disk holds. */
  start(): void {
    const world = this.#world;
    const runtime = new VirtualRuntime({
      scheduler: world.scheduler,
      random: this.#random,
      clock: this.#clock,
      workMs: world.profile.workMs,
      newId: () => world.fault.newId?.(() => this.#random.id53()) ?? this.#random.id53(),
    });
    const { channel, document } = this.#openChannel(runtime);
    if (this.disk.updates.length > FOLDED_RECORDS) this.disk.fold(document.encode());
    const peers = new PeerSet(channel, { ...world.peerSetOptions, dial: world.network.dialler(this.name) });
    const shadow = new Map([...channel.entries()].map(([key, value]) => [key, JSON.stringify(value)]));
    this.#process = { runtime, channel, document, peers, shadow };
    this.#lastDocument = document;
    this.#listen(this.#process);
    world.network.listen(this.name, (transport) => peers.accept(transport));
    peers.setUrls(this.urls);
    world.counters.add("sessions");
    world.trace?.(
      `${this.name} starts session ${channel.sessionId} with ${this.disk.updates.length} records`,
    );
  }

  /** The process dies in the middle of things: nothing is flushed, nobody is told but perhaps by a reset. */
  crash(reset: boolean): void {
    const process = this.#process;
    if (!process) return;
    this.#collect(process);
    process.runtime.kill();
    this.#world.network.crash(this.name, reset);
    this.#process = undefined;
    this.#world.counters.add("crashes");
    this.#world.trace?.(`${this.name} crashes${reset ? "" : " silently"}`);
    if (this.#random.chance(this.#world.profile.tornShare)) {
      const records = 1 + this.#random.below(6);
      this.disk.tear(records);
      this.#world.counters.add("tornLogs");
      this.#world.trace?.(`${this.name} loses its last ${records} records`);
    }
  }

  /** Peers with some of its URLs only, or with all of them again. */
  peer(share: number): void {
    const urls = this.urls.filter(() => this.#random.chance(share));
    this.#process?.peers.setUrls(urls);
    this.#world.trace?.(`${this.name} peers with ${urls.join(" ") || "nobody"}`);
  }

  jumpClock(byMs: number): void {
    this.#clock.skewMs += byMs;
    this.#world.trace?.(`${this.name}'s clock jumps by ${Math.round(byMs)} ms`);
  }

  /** Adds what the engine counted to the coverage; before a process dies and when a run ends. */
  collect(): void {
    if (this.#process) this.#collect(this.#process);
  }

  #openChannel(runtime: VirtualRuntime): { channel: Channel; document: RecordingDocument } {
    const { profile, fault, history, documents, trace } = this.#world;
    const made: RecordingDocument[] = [];
    const rules: DocumentRules | undefined = fault.rules;
    const options: ChannelOptions = {
      name: "data",
      runtime,
      // A stranger at each start, as without a store; drawn here, because the engine's own draw is not
      // seeded.
      replicaId: `stranger-${this.#random.id53()}`,
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
      ...(profile.storeMs !== undefined && this.#storage(runtime, profile.storeMs)),
    };
    const channel = (fault.createChannel ?? ((given) => new Channel(given)))(options);
    this.disk.sessions.push({ sessionId: channel.sessionId, complete: true });
    return { channel, document: made[0] as RecordingDocument };
  }

  #storage(runtime: VirtualRuntime, storeMs: number): Partial<ChannelOptions> {
    return {
      replicaId: `replica-${this.name}`,
      log: this.disk.open(runtime, this.#random, storeMs),
      restore: {
        updates: [...this.disk.updates],
        sessions: this.disk.sessions.map((session) => ({ ...session })),
      },
    };
  }

  #listen({ channel, peers, shadow }: Process): void {
    const report = (error: ChorusError): void => {
      this.#world.trace?.(`${this.name} error ${error.code}: ${error.message}`);
      if (EXPECTED_ERRORS.has(error.code)) this.#world.counters.add(`errors.${error.code}`);
      else this.#world.fail(`ERROR ${error.code}`, `${this.name}: ${error.message}`);
    };
    channel.on("error", report);
    peers.on("error", report);
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

/** Adds all numbers of an object of counts, however nested, under dotted names. */
function addNumbers(counters: Counters, prefix: string, counts: object): void {
  for (const [name, value] of Object.entries(counts)) {
    if (typeof value === "number") counters.add(`${prefix}.${name}`, value);
    else if (typeof value === "object" && value !== null) addNumbers(counters, `${prefix}.${name}`, value);
  }
}
