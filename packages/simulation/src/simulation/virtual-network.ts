// The simulated internet: hosts with URLs, connections between them, partitions, losses and slow readers. It
// implements core's Transport and Dialler and does nothing that a real network could not do, except where a
// planted fault tells it to lose one frame of a connection that lives on.
import type { Dialler } from "@chorus/core";
import type { Random } from "./random.js";
import type { Scheduler } from "./scheduler.js";
import { type Accept, VirtualConnection } from "./virtual-connection.js";
import type { WireConditions } from "./virtual-pipe.js";

export interface VirtualNetworkOptions {
  scheduler: Scheduler;
  random: Random;
  conditions: WireConditions;
  /** Sees every frame at its arrival; false loses it silently. Only planted faults return false. */
  inspect?: (frame: Uint8Array, from: string, to: string) => boolean;
  /** Told what happens, for the trace. */
  trace?: (line: string) => void;
}

export class VirtualNetwork {
  readonly #options: VirtualNetworkOptions;
  readonly #servers = new Map<string, Accept>();
  readonly #partitions = new Set<string>();
  readonly #connections = new Set<VirtualConnection>();

  constructor(options: VirtualNetworkOptions) {
    this.#options = options;
  }

  /** The connections that still carry frames. */
  get connections(): VirtualConnection[] {
    return [...this.#connections].filter((connection) => !connection.broken);
  }

  /** The host listens from now on. */
  listen(host: string, accept: Accept): void {
    this.#servers.set(host, accept);
  }

  /**
   * The host is gone: it hears nothing any more. Its peers are told by a reset, or by nothing at all: then
   * they find out by their own heartbeat.
   */
  crash(host: string, reset: boolean): void {
    this.#servers.delete(host);
    // Of broken ones too: a dead process must not hear of their end either.
    for (const connection of this.#connections) {
      if (connection.between(host)) connection.crash(host, reset);
    }
  }

  dialler(from: string): Dialler {
    return (url) => {
      const to = hostOf(url);
      const connection = new VirtualConnection(from, to, {
        ...this.#options,
        admit: () => this.#admit(from, to),
        ended: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      return connection.caller;
    };
  }

  /** New connections between the two fail; open ones break at once, or stall until `heal`. */
  partition(a: string, b: string, breaking: boolean): void {
    this.#partitions.add(pairOf(a, b));
    for (const connection of this.connections) {
      if (!connection.between(a, b)) continue;
      if (breaking) connection.break();
      else connection.setStalled(true);
    }
  }

  heal(a: string, b: string): void {
    this.#partitions.delete(pairOf(a, b));
    for (const connection of this.connections) {
      if (connection.between(a, b)) connection.setStalled(false);
    }
  }

  /** Whom a new connection reaches: a server, nobody (refused at once), or silence (a partition). */
  #admit(from: string, to: string): Accept | "refused" | "silence" {
    if (this.#partitions.has(pairOf(from, to))) return "silence";
    return this.#servers.get(to) ?? "refused";
  }
}

/** The URL under which a host is reached. */
export function urlOf(host: string): string {
  return `ws://${host}/data`;
}

function hostOf(url: string): string {
  return url.slice("ws://".length, -"/data".length);
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
