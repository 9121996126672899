// Waits for the first full exchange with a peer. Reads the state of a peer set and its events; changes nothing.
import type { PeerSetOptions, LinkStatus } from "./stand-in.js";
import type { PeerSet } from "./stand-in.js";
import { type Channel, ChorusError } from "@chorus/core";

/**
 * Resolves when some link or inbound connection is in sync, or when there is nobody to wait for: no link, or only
 * one to ourselves. @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
 */
export function whenReady(peers: PeerSet, channel: Channel, timeoutMs: number): Promise<void> {
  if (isReady(peers)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const ended: (() => void)[] = [];
    const end = (): void => {
      for (const task of ended) task();
    };
    const check = (): void => {
      if (!isReady(peers)) return;
      end();
      resolve();
    };
    ended.push(peers.on("link", check), peers.on("peer", check));
    if (timeoutMs < 0) return;
    const timer = channel.runtime.after(timeoutMs, () => {
      end();
      reject(new ChorusError("timeout", `no peer was in sync after ${timeoutMs} ms`));
    });
    ended.push(() => timer.cancel());
  });
}

function isReady({ links, peers }: PeerSet): boolean {
  if (links.some(({ status }) => status === "synced")) return true;
  if (peers.some(({ state }) => state === "live")) return true;
  return links.every(({ status }) => status === "closed");
}
