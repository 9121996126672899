// What makes a channel a virtual one: a type that decides what its calls do, and paths at which originals reach it by REST.
// It has no peers and no store.
import type { BodyOwner, ChannelBody } from "./channel-body.js";
import type { Kind } from "./channel-types/kind.js";
import type { ExposeRequest, Exposures } from "./exposures.js";
import type { Notification } from "./subscribers.js";
import { VirtualData } from "./virtual-data.js";

/** What a virtual channel is made of. */
export interface VirtualParts {
  readonly kind: Kind;
  /** Without replication. */
  readonly exposures: Exposures;
  /** Milliseconds by the clock here. */
  readonly now: () => number;
}

/** The body of a virtual channel. */
export class VirtualChannel implements ChannelBody {
  readonly data: VirtualData;
  readonly #kind: Kind;
  readonly #exposures: Exposures;
  #lastExpose: Promise<unknown> = Promise.resolve();

  constructor({ kind, exposures, now }: VirtualParts, owner: BodyOwner) {
    this.#kind = kind;
    this.#exposures = exposures;
    const told = (notification: () => Notification): void => {
      owner.touch();
      // Without subscribers nothing is copied.
      if (owner.subscribers.size > 0) owner.subscribers.notify(notification());
    };
    this.data = new VirtualData(kind, { told, now });
  }

  replay(): Notification[] {
    return this.data.replay();
  }

  /** One after the other: the same path twice at once would be refused. */
  expose(request: ExposeRequest): Promise<string | undefined> {
    const exposing = this.#lastExpose.then(async () => {
      const opened = await this.#exposures.open(request);
      opened?.keep();
      return opened?.uuid;
    });
    this.#lastExpose = exposing.catch(() => undefined);
    return exposing;
  }

  async whenSettled(): Promise<void> {}

  async whenStored(): Promise<void> {}

  flush(): void {
    this.#kind.flush?.();
  }

  async close(): Promise<void> {
    this.#kind.close?.();
    await this.#exposures.close();
  }
}
