// Replicas of Chorus in one process for measurements of growth, connected over memory: no socket, so that a figure is
// the engine's alone. Must leave nothing open after `closeAll`.
import { Channel, createTransportPair, PeerSet, systemRuntime } from "@chorus/core";
import type { Peer } from "../mesh.js";
import { numbers, recordOf, SEED } from "../records.js";
import { nextTurn, waitFor } from "../wait.js";

/** As many as an application would write at once. */
const SLICE = 10_000;
const DEADLINE_MS = 300_000;
/** Seldom enough that looking takes no CPU worth mentioning. */
const POLL_MS = 10;

/** A replica without connections. */
export function openReplica(name = "growth"): Peer {
  const channel = new Channel({ name });
  return { channel, links: new PeerSet(channel) };
}

/** Sets `key:first` and the following ones. */
export async function fill({ channel }: Peer, count: number, first = 0): Promise<void> {
  for (let start = 0; start < count; start += SLICE) {
    const length = Math.min(SLICE, count - start);
    channel.update(
      Array.from({ length }, (_, index) => {
        const serial = first + start + index;
        return [`key:${serial}`, recordOf(serial)] as const;
      }),
    );
    await channel.whenCommitted();
    await nextTurn();
  }
}

/** Lays one connection between both. */
export function connect(here: Peer, there: Peer): void {
  const [near, far] = createTransportPair(systemRuntime);
  here.links.accept(near);
  there.links.accept(far);
}

/** Resolves once all hold the same and everything is connected with `peers` others. */
export function whenEqual(replicas: readonly Peer[], peers: number): Promise<void> {
  const isLive = ({ links }: Peer): boolean => links.stats().live === peers;
  return waitFor(() => replicas.every(isLive) && new Set(replicas.map(hash)).size === 1, {
    what: "equal contents",
    deadlineMs: DEADLINE_MS,
    pollMs: POLL_MS,
  });
}

function hash({ channel }: Peer): string {
  return channel.contentHash();
}

/** CPU of this process in microseconds while the work goes on. */
export async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** How sets are made. */
export interface Sets {
  readonly count: number;
  readonly perTurn: number;
  /** They overwrite these many keys at random. */
  readonly keys: number;
}

/**
 * CPU of all replicas in microseconds for each set, overwriting keys in turn at each replica; after the same once more
 * beforehand, so that V8 has compiled it.
 */
export async function cpuPerSet(replicas: readonly Peer[], sets: Sets): Promise<number> {
  await overwrite(replicas, sets);
  return (await cpuOf(() => overwrite(replicas, sets))) / sets.count;
}

async function overwrite(replicas: readonly Peer[], { count, perTurn, keys }: Sets): Promise<void> {
  const choose = numbers(SEED);
  for (let serial = 0, turn = 0; serial < count; turn++) {
    const writer = replicas[turn % replicas.length] as Peer;
    const end = Math.min(serial + perTurn, count);
    for (; serial < end; serial++) writer.channel.set(`key:${choose(keys)}`, recordOf(serial));
    await nextTurn();
  }
  await Promise.all(replicas.map(({ links }) => links.whenAcknowledged(DEADLINE_MS)));
}

export async function closeAll(replicas: readonly Peer[]): Promise<void> {
  for (const { channel, links } of replicas) {
    await links.close();
    await channel.close();
  }
}
