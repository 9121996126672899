// Waits for states of the links and peers of a channel: a first full exchange, or the end of those under way. Changes
// nothing.
import { ChorusError, type ConnectionState, type LinkStatus, type PeerSet, type Runtime } from "@chorus/core";

/** All links and peers of one channel, whatever they speak. */
export interface WatchedPeers {
  readonly runtime: Runtime;
  readonly links: readonly { readonly status: LinkStatus }[];
  readonly peers: readonly { readonly state: ConnectionState }[];
  /** Calls `listener` whenever something of it may have changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** The parts of one channel's network side as one. */
export function watchPeers(parts: {
  readonly runtime: Runtime;
  readonly links: () => WatchedPeers["links"];
  readonly peers: PeerSet;
  readonly originals: Pick<WatchedPeers, "onChange">;
}): WatchedPeers {
  const { runtime, links, peers, originals } = parts;
  return {
    runtime,
    get links() {
      return links();
    },
    get peers() {
      return peers.peers;
    },
    onChange: (listener) => {
      const stops = [peers.on("link", listener), peers.on("peer", listener), originals.onChange(listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** What to wait for, and how long. */
interface Wait {
  readonly holds: (peers: WatchedPeers) => boolean;
  /** Below 0: for ever. */
  readonly timeoutMs: number;
  /** What did not come true, for the error. */
  readonly failure: string;
}

/**
 * Resolves when some link or inbound connection is in sync, or when there is nobody to wait for: no link, or only
 * one to ourselves. @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
 */
export function whenReady(peers: WatchedPeers, timeoutMs: number): Promise<void> {
  return wait(peers, { holds: isReady, timeoutMs, failure: "no peer was in sync" });
}

/**
 * Resolves when no peer that has greeted is still syncing. Only live peers are waited for by `whenAcknowledged`, and
 * two peers that dial each other are between two connections for a moment: a write then must not count as delivered.
 * @throws (rejects) ChorusError timeout
 */
export function whenNoneSyncing(peers: WatchedPeers, timeoutMs: number): Promise<void> {
  const holds = ({ peers: greeted }: WatchedPeers): boolean =>
    greeted.every(({ state }) => state !== "syncing");
  return wait(peers, { holds, timeoutMs, failure: "a peer was still syncing" });
}

/** Resolves when `isFlushed` holds: the originals have got what they were to get. @throws (rejects) ChorusError timeout */
export function whenFlushed(peers: WatchedPeers, isFlushed: () => boolean, timeoutMs: number): Promise<void> {
  return wait(peers, { holds: isFlushed, timeoutMs, failure: "an OpenAF peer had not got everything" });
}

function isReady({ links, peers }: WatchedPeers): boolean {
  if (links.some(({ status }) => status === "synced")) return true;
  if (peers.some(({ state }) => state === "live")) return true;
  return links.every(({ status }) => status === "closed");
}

function wait(peers: WatchedPeers, { holds, timeoutMs, failure }: Wait): Promise<void> {
  if (holds(peers)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const ended: (() => void)[] = [];
    const end = (): void => {
      for (const task of ended) task();
    };
    const check = (): void => {
      if (!holds(peers)) return;
      end();
      resolve();
    };
    ended.push(peers.onChange(check));
    if (timeoutMs < 0) return;
    const timer = peers.runtime.after(timeoutMs, () => {
      end();
      reject(new ChorusError("timeout", `${failure} after ${timeoutMs} ms`));
    });
    ended.push(() => timer.cancel());
  });
}
