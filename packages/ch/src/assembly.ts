// How the channels of a registry are put together: of core's map, peering and files, or of a virtual type. It keeps none of
// them.
import { randomUUID } from "node:crypto";
import { Channel, OptionError } from "@chorus/core";
import type { BodyOwner } from "./channel-body.js";
import type { KindContext, KindFactory } from "./channel-types/kind.js";
import type { SubscriberFailure } from "./error-records.js";
import { listenerFailure } from "./errors.js";
import { Exposures } from "./exposures.js";
import { FileCopies } from "./file-copies.js";
import { Forwarding } from "./forwarding.js";
import { LocalChannel } from "./local-channel.js";
import type { ChSettings } from "./options.js";
import { Peering } from "./peering.js";
import { Replication } from "./replication.js";
import type { StoredChannels } from "./stored-channels.js";
import { Subscribers } from "./subscribers.js";
import type { AuditEvent, ChEvents, LinkInfo } from "./types.js";
import { VirtualChannel } from "./virtual-channel.js";

/** Core refuses longer names, so virtual channels have none either. */
const MAX_NAME = 255;

/** What channels report and ask for. */
export interface AssemblyHost {
  failed(name: string, error: ChEvents["error"]["error"]): void;
  subscriberFailed(failure: SubscriberFailure): void;
  linkChanged(name: string, link: Pick<LinkInfo, "url" | "status">): void;
  /** May throw, or return a promise that rejects. */
  audit(event: AuditEvent): unknown;
  /** Gets every channel of core that lives in memory, before anything can happen to it. */
  opened(channel: Channel): void;
  /** @throws ChorusError no-channel */
  require(name: string): LocalChannel;
  find(name: string): LocalChannel | undefined;
  create(name: string, type: string): LocalChannel;
  destroy(name: string): void;
}

/** Makes the channels of one registry. */
export class Assembly {
  readonly #settings: ChSettings;
  readonly #host: AssemblyHost;
  readonly #forwarding = new Forwarding();

  constructor(settings: ChSettings, host: AssemblyHost) {
    this.#settings = settings;
    this.#host = host;
  }

  /** A replicated channel, kept by `stored` or in memory. @throws as StoredChannels.open; OptionError for the name */
  replicated(name: string, stored: StoredChannels | undefined): LocalChannel {
    const { runtime, links, urlsIntervalMs, restIntervalMs, connectHttp } = this.#settings;
    const uuid = randomUUID();
    const channel = stored?.open(name) ?? this.#openInMemory(name);
    const files = new FileCopies({ channel, onError: (error) => this.#host.failed(name, error) });
    const endChannel = async (): Promise<void> => (stored ? stored.park(channel) : channel.close());
    const body = (owner: BodyOwner): Replication => {
      const peering = new Peering({
        ...this.#exposing(owner),
        channel,
        links,
        urlsIntervalMs,
        restIntervalMs,
        connectHttp,
        writer: () => owner.data,
        memories: stored?.beside(name),
        onLink: (link) => this.#host.linkChanged(name, link),
      });
      return new Replication({ channel, peering, files, endChannel }, owner);
    };
    return new LocalChannel({ name, runtime, subscribers: this.#subscribers(name), uuid, body });
  }

  /** A virtual channel. @throws OptionError for its name and its options */
  virtual(name: string, factory: KindFactory, options: unknown): LocalChannel {
    if (name.length > MAX_NAME) {
      throw new OptionError("the channel name", name, `a text of 1 to ${MAX_NAME} characters`);
    }
    const { runtime } = this.#settings;
    const uuid = randomUUID();
    const kind = factory(this.#context(name), options);
    const body = (owner: BodyOwner): VirtualChannel => {
      const exposures = new Exposures(this.#exposing(owner));
      return new VirtualChannel({ kind, exposures, now: () => runtime.now() }, owner);
    };
    return new LocalChannel({ name, runtime, subscribers: this.#subscribers(name), uuid, body });
  }

  #exposing(target: BodyOwner) {
    const { endpoint, runtime, bodies } = this.#settings;
    return {
      uuid: target.uuid,
      newUuid: randomUUID,
      endpoint,
      runtime,
      bodies,
      target,
      onError: (error: ChEvents["error"]["error"]): void => this.#host.failed(target.name, error),
      audit: (event: AuditEvent): unknown => this.#host.audit(event),
    };
  }

  #subscribers(name: string): Subscribers {
    const { runtime } = this.#settings;
    return new Subscribers({
      runtime,
      onFailure: (cause, { id, op }) => {
        const error = listenerFailure("a subscriber", cause);
        this.#host.failed(name, error);
        this.#host.subscriberFailed({ channel: name, subscriber: id, op, error });
      },
    });
  }

  #context(name: string): KindContext {
    const host = this.#host;
    return {
      name,
      runtime: this.#settings.runtime,
      forward: (target, task) => this.#forwarding.run(name, () => task(host.require(target).data)),
      outside: (task) => this.#forwarding.outside(task),
      create: (other, type) => {
        const isMissing = host.find(other) === undefined;
        if (isMissing) host.create(other, type);
        return isMissing;
      },
      destroy: (other) => host.destroy(other),
      failed: (error) => host.failed(name, error),
    };
  }

  #openInMemory(name: string): Channel {
    const { replicaId, runtime } = this.#settings;
    const channel = new Channel(replicaId === undefined ? { name, runtime } : { name, replicaId, runtime });
    this.#host.opened(channel);
    return channel;
  }
}
