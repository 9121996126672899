// A durable store of many channels in one database: one lock, one group commit for all. It opens channels and closes
// them; what a channel's bytes mean is none of its business.
import { ChorusError, describe, OptionError } from "../errors.js";
import { ChannelLog } from "./channel-log.js";
import type { StoreLevel } from "./channel-metadata.js";
import { type ChannelContents, drive, driveLater, type LostChannel, readChannel } from "./channel-reader.js";
import type { ChannelStorage } from "./channel-storage.js";
import { GroupWriter } from "./group-writer.js";
import type { ReadValue, StoreDatabase } from "./store-database.js";
import { storeClosed, toError } from "./store-failures.js";
import { STORE_KEYS } from "./store-keys.js";
import { settle, type StoreOptions, type StoreSettings } from "./store-options.js";
import { StoreRecord } from "./store-record.js";
import { findLost, findNames } from "./store-survey.js";

export class Store {
  /** What was wrong with the store as a whole when it was opened: store-copied, store-damaged. To be reported. */
  readonly findings: readonly ChorusError[];
  readonly #database: StoreDatabase;
  readonly #settings: StoreSettings;
  readonly #writer: GroupWriter;
  readonly #names: Set<string>;
  readonly #lost: Map<string, LostChannel>;
  /** Open channels; undefined for one that is being read. */
  readonly #open = new Map<string, ChannelLog | undefined>();
  #closing: Promise<void> | undefined;

  private constructor(database: StoreDatabase, settings: StoreSettings, found: FoundStore) {
    this.#database = database;
    this.#settings = settings;
    this.#names = new Set(found.names);
    this.#lost = found.lost;
    this.findings = found.record.findings;
    const { runtime, level, retryMs, maxBatchBytes } = settings;
    this.#writer = new GroupWriter({
      database,
      runtime,
      sync: level === "sync",
      retryMs,
      maxBatchBytes,
      common: found.record,
    });
  }

  /**
   * Takes over an open database and looks at what it holds. Nothing is written before a channel starts.
   * When this rejects, the database stays open, and the caller's.
   * @throws ChorusError store-newer for a store of a later version, store-failed when it cannot be read; OptionError
   */
  static async open(database: StoreDatabase, options: StoreOptions = {}): Promise<Store> {
    const settings = settle(options);
    try {
      const record = new StoreRecord(await database.read(STORE_KEYS), settings.place);
      const names = await findNames(database);
      const lost = await findLost(database, names);
      return new Store(database, settings, { record, names, lost });
    } catch (thrown) {
      throw asReadFailure(thrown);
    }
  }

  /** What a stored update survives. */
  get level(): StoreLevel {
    return this.#settings.level;
  }

  /** Why the store takes no writes at the moment: store-full, store-failed; undefined while it does. */
  get failure(): ChorusError | undefined {
    return this.#writer.failure;
  }

  /** The channels of which the store held anything when it was opened, and those opened since, sorted. */
  names(): readonly string[] {
    return [...this.#names].sort();
  }

  /**
   * Reads a channel in this turn.
   * @throws ChorusError store-locked while it is open, store-full or store-failed while the store fails, or cannot be
   * read, closed; OptionError for a database that reads in turns only: see loadChannel
   */
  openChannel(name: string): ChannelStorage {
    if (!this.#database.readsNow)
      throw new OptionError("database", "readsNow: false", "one that reads at once; use loadChannel");
    this.#reserve(name);
    try {
      const reading = readChannel(name, this.#lost.get(name));
      return this.#opened(
        name,
        drive(reading, (keys) => this.#database.readNow(keys)),
      );
    } catch (thrown) {
      this.#open.delete(name);
      throw asReadFailure(thrown);
    }
  }

  /** Reads a channel in many turns. Rejects as `openChannel` throws. */
  async loadChannel(name: string): Promise<ChannelStorage> {
    this.#reserve(name);
    const { failures } = this.#writer;
    try {
      await this.#survey(name);
      const reading = readChannel(name, this.#lost.get(name));
      const contents = await driveLater(
        reading,
        (keys): Promise<readonly ReadValue[]> => this.#database.read(keys),
      );
      // The database may have been closed and opened meanwhile: what it did not give may be there.
      if (this.#writer.failures !== failures)
        throw this.#writer.failure ?? new Error("the store failed meanwhile");
      this.#assertOpen();
      return this.#opened(name, contents);
    } catch (thrown) {
      this.#open.delete(name);
      throw asReadFailure(thrown);
    }
  }

  /**
   * Closes the channels that are open, each as its own `close` does, then the database. Channels are closed first by
   * whoever opened them; what was left is told that it fails, with `closed`, and for good.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((channel) => channel?.closeUnasked()));
    this.#writer.close();
    await this.#database.close();
  }

  #reserve(name: string): void {
    if (typeof name !== "string") throw new OptionError("name", name, "a text");
    this.#assertOpen();
    if (this.#open.has(name)) {
      throw new ChorusError("store-locked", `the channel ${describe(name)} is open already in this store`);
    }
    // It cannot be known now what is there of the batch that failed.
    if (this.#writer.failure) throw this.#writer.failure;
    this.#open.set(name, undefined);
  }

  #assertOpen(): void {
    if (this.#closing) throw storeClosed();
  }

  #opened(name: string, contents: ChannelContents): ChannelLog {
    const channel: ChannelLog = new ChannelLog({
      name,
      contents,
      database: this.#database,
      writer: this.#writer,
      settings: this.#settings,
      onQueued: () => this.#limitQueue(),
      onClosed: () => this.#closed(name, channel),
    });
    this.#names.add(name);
    this.#open.set(name, channel);
    return channel;
  }

  async #closed(name: string, channel: ChannelLog): Promise<void> {
    try {
      if (channel.isSalvaged || this.#lost.has(name)) await this.#survey(name);
    } finally {
      this.#open.delete(name);
    }
  }

  /** Lists what there is of a channel whose metadata is lost. */
  async #survey(name: string): Promise<void> {
    const lost = (await findLost(this.#database, [name])).get(name);
    if (lost) this.#lost.set(name, lost);
    else this.#lost.delete(name);
  }

  #limitQueue(): void {
    if (this.#writer.waitingBytes <= this.#settings.maxQueuedBytes) return;
    for (const channel of this.#open.values()) channel?.overflow();
  }
}

interface FoundStore {
  readonly record: StoreRecord;
  readonly names: readonly string[];
  readonly lost: Map<string, LostChannel>;
}

function asReadFailure(thrown: unknown): Error {
  if (thrown instanceof ChorusError || thrown instanceof OptionError) return thrown;
  const cause = toError(thrown);
  return new ChorusError("store-failed", `the store could not be read: ${cause.message}`, { cause });
}
