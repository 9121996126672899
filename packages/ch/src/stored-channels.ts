// The channels of a data folder: opened when they are created, and closed some time after they were destroyed. A store
// ends a channel asynchronously but `create` is synchronous, so one that comes back soon is simply taken up again.
// Beside a channel there may be others that users never see: their names begin as no name of a user may.
import { createHash } from "node:crypto";
import { Channel, ChorusError, type Runtime, type Store, type Timer } from "@chorus/core";
import type { MemoryChannels } from "./rest/original-memory.js";

/** How long a destroyed channel stays open. It holds its data in memory meanwhile. */
const PARKING_MS = 10_000;

/** How the names of channels begin that stand beside others. */
const BESIDE = "\0";

/** Whether this is no name for a channel of a user. */
export function isBeside(name: string): boolean {
  return name.startsWith(BESIDE);
}

/** What the channels of a data folder are opened with. */
export interface StoredChannelsOptions {
  readonly store: Store;
  readonly runtime: Runtime;
  /** Gets every channel once, before anything can happen to it; but none that stands beside another. */
  readonly onOpened: (channel: Channel) => void;
  /** A channel ended while its store failed; nobody waits for its writes any more. */
  readonly onLoss: (name: string, error: ChorusError) => void;
}

/** The channels of one data folder. */
export class StoredChannels {
  readonly #options: StoredChannelsOptions;
  readonly #parked = new Map<string, { readonly channel: Channel; readonly timer: Timer }>();
  readonly #closing = new Map<string, Promise<void>>();

  constructor(options: StoredChannelsOptions) {
    this.#options = options;
  }

  /**
   * The channel with what is stored of it.
   * @throws ChorusError closed during the moment in which an earlier one ends; store-failed when it cannot be read;
   * store-full, store-failed while the store takes no writes, unless it is open still
   */
  open(name: string): Channel {
    const { store, runtime, onOpened } = this.#options;
    const parked = this.#parked.get(name);
    if (parked) {
      this.#parked.delete(name);
      parked.timer.cancel();
      return parked.channel;
    }
    if (this.#closing.has(name)) {
      throw new ChorusError("closed", `the channel ${JSON.stringify(name)} is just being closed; try again`);
    }
    const storage = store.openChannel(name);
    try {
      const channel = new Channel({ name, storage, runtime });
      if (!isBeside(name)) onOpened(channel);
      return channel;
    } catch (error) {
      this.#closes(name, storage.close());
      throw error;
    }
  }

  /** Channels that belong to the one of this name, one for each original it is linked to. */
  beside(name: string): MemoryChannels {
    const nameOf = (identity: string): string => {
      // Of one length, however long both are, and the URL cannot be read in it.
      const hash = createHash("sha256")
        .update(JSON.stringify([name, identity]))
        .digest("hex");
      return `${BESIDE}original/${hash}`;
    };
    return {
      open: (identity) => this.open(nameOf(identity)),
      has: (identity) => this.#options.store.names().includes(nameOf(identity)),
      park: (channel) => this.park(channel),
    };
  }

  /** Nobody uses it any more: it is closed later, unless it is opened again. */
  park(channel: Channel): void {
    const timer = this.#options.runtime.after(PARKING_MS, () => this.#end(channel), { background: true });
    this.#parked.set(channel.name, { channel, timer });
  }

  /** Closes what is parked, and the store. Resolves when everything is stored and the folder is free; never rejects. */
  async close(): Promise<void> {
    for (const { channel, timer } of [...this.#parked.values()]) {
      timer.cancel();
      this.#end(channel);
    }
    await Promise.all(this.#closing.values());
    await this.#options.store.close().catch(() => undefined);
  }

  #end(channel: Channel): void {
    this.#parked.delete(channel.name);
    this.#closes(channel.name, this.#storeAndClose(channel));
  }

  /** A closed channel reports nothing, so it stays open until its store has said yes or no. Never rejects. */
  async #storeAndClose(channel: Channel): Promise<void> {
    try {
      await channel.whenDurable();
    } catch (cause) {
      if (isBeside(channel.name)) return channel.close();
      const { code, message } = cause as ChorusError;
      const text = `the last writes of ${JSON.stringify(channel.name)} may be lost: ${message}`;
      this.#options.onLoss(channel.name, new ChorusError(code, text, { cause }));
    }
    await channel.close();
  }

  #closes(name: string, closing: Promise<void>): void {
    this.#closing.set(
      name,
      closing.finally(() => this.#closing.delete(name)),
    );
  }
}
