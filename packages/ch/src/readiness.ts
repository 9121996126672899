// Waits for states of a peer set: a first full exchange, or the end of those under way. Changes nothing.
import { type Channel, ChorusError, type PeerSet } from "@chorus/core";

/** What to wait for, and how long. */
interface Wait {
  readonly holds: (peers: PeerSet) => boolean;
  /** Below 0: for ever. */
  readonly timeoutMs: number;
  /** What did not come true, for the error. */
  readonly failure: string;
}

/**
 * Resolves when some link or inbound connection is in sync, or when there is nobody to wait for: no link, or only
 * one to ourselves. @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
 */
export function whenReady(peers: PeerSet, channel: Channel, timeoutMs: number): Promise<void> {
  return wait(peers, channel, { holds: isReady, timeoutMs, failure: "no peer was in sync" });
}

/**
 * Resolves when no peer that has greeted is still syncing. Only live peers are waited for by `whenAcknowledged`, and
 * two peers that dial each other are between two connections for a moment: a write then must not count as delivered.
 * @throws (rejects) ChorusError timeout
 */
export function whenNoneSyncing(peers: PeerSet, channel: Channel, timeoutMs: number): Promise<void> {
  const holds = ({ peers: greeted }: PeerSet): boolean => greeted.every(({ state }) => state !== "syncing");
  return wait(peers, channel, { holds, timeoutMs, failure: "a peer was still syncing" });
}

function isReady({ links, peers }: PeerSet): boolean {
  if (links.some(({ status }) => status === "synced")) return true;
  if (peers.some(({ state }) => state === "live")) return true;
  return links.every(({ status }) => status === "closed");
}

function wait(peers: PeerSet, { runtime }: Channel, { holds, timeoutMs, failure }: Wait): Promise<void> {
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
    ended.push(peers.on("link", check), peers.on("peer", check));
    if (timeoutMs < 0) return;
    const timer = runtime.after(timeoutMs, () => {
      end();
      reject(new ChorusError("timeout", `${failure} after ${timeoutMs} ms`));
    });
    ended.push(() => timer.cancel());
  });
}
