// What channels of Chorus and their keys take of the heap of one process. Must be alone in its process, started with
// --expose-gc.
import { Channel, PeerSet } from "@chorus/core";
import { recordOf } from "../records.js";
import { heapUsed } from "./heap.js";
import type { ChannelHeap } from "./node-messages.js";

interface Open {
  readonly channel: Channel;
  readonly links: PeerSet;
}

/** @throws Error without --expose-gc */
export async function channelHeap(request: { channels: number; keys: number }): Promise<ChannelHeap> {
  const { channels, keys } = request;
  // The first of each kind brings code and tables that all others share.
  await closeAll(await fill([open(0)], keys));
  const base = await heapUsed();
  const all = Array.from({ length: channels }, (_, index) => open(index));
  const empty = await heapUsed();
  await fill(all, keys);
  const full = await heapUsed();
  await closeAll(all);
  all.length = 0;
  const single = [open(0)];
  const before = await heapUsed();
  await fill(single, channels * keys);
  const after = await heapUsed();
  await closeAll(single);
  return {
    perChannel: (empty - base) / channels,
    perKey: (full - empty) / (channels * keys),
    perKeyOfOne: (after - before) / (channels * keys),
  };
}

function open(index: number): Open {
  const channel = new Channel({ name: `channel:${index}` });
  return { channel, links: new PeerSet(channel) };
}

async function fill(all: Open[], keys: number): Promise<Open[]> {
  for (const { channel } of all) {
    channel.update(Array.from({ length: keys }, (_, index) => [`key:${index}`, recordOf(index)]));
    await channel.whenCommitted();
  }
  return all;
}

async function closeAll(all: readonly Open[]): Promise<void> {
  for (const { channel, links } of all) {
    await links.close();
    await channel.close();
  }
}
