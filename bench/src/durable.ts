// `npm run bench:durable [-- writes] [--folder PATH]`: what a durable channel costs. Acknowledged writes per second with
// one writer and with 64, the size and load time of 100,000 keys, the longest turn while a log of them is folded, and
// the time from a restart to the first full sync. Must never measure a store that was loaded before in the process.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Channel, PeerSet } from "@chorus/core";
import { dialWebSocket, Endpoint, openStore } from "@chorus/node";
import { machineLine } from "./machine.js";
import { assertSame, countArgument, print, run } from "./run.js";
import { kilobytes, table } from "./table.js";
import { nextTurn, waitFor } from "./wait.js";
import { keys, recordOf } from "./records.js";

const DEFAULT_WRITES = 20_000;
const KEYS = keys(100_000);
/** What a node has missed while it was down. */
const MISSED = 1_000;
const HOST = "127.0.0.1";

type Level = "sync" | "os";

/** An open store with one channel in it. */
interface Durable {
  readonly channel: Channel;
  close(): Promise<void>;
}

/** What the child that loads a store tells. */
interface LoadReport {
  readonly openMs: number;
  readonly loadMs: number;
  readonly syncedMs: number | undefined;
  readonly size: number;
  readonly hash: string;
}

if (process.send) await load();
else await run(measure);

async function measure(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { folder: { type: "string" } },
  });
  const writes = countArgument("writes", positionals[0], DEFAULT_WRITES);
  const root = await mkdtemp(join(values.folder ?? tmpdir(), "chorus-durable-"));
  try {
    print(`Durable channels, ${machineLine()}\n`);
    const rows = [["level", "1 writer, acknowledged/s", "64 writers, acknowledged/s"]];
    for (const level of ["sync", "os"] as const) {
      const one = await acknowledged(join(root, `${level}-1`), { level, writers: 1, writes: writes / 4 });
      const many = await acknowledged(join(root, `${level}-64`), { level, writers: 64, writes });
      rows.push([level, one.toFixed(0), many.toFixed(0)]);
    }
    print(table(rows));
    print(await fillAndLoad(join(root, "keys")));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function open(folder: string, level: Level = "sync"): Promise<Durable> {
  const { store } = await openStore(folder, { level });
  const channel = new Channel({ name: "data", storage: store.openChannel("data") });
  const close = async (): Promise<void> => {
    await channel.close();
    await store.close();
  };
  return { channel, close };
}

/** Sets that were on the disk when the writer went on, per second of wall time. */
async function acknowledged(
  folder: string,
  { level, writers, writes }: { level: Level; writers: number; writes: number },
): Promise<number> {
  const { channel, close } = await open(folder, level);
  let serial = 0;
  const write = async (): Promise<void> => {
    while (serial < writes) {
      channel.set(KEYS[serial % 1_000] as string, recordOf(serial++));
      await channel.whenDurable();
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  const seconds = (performance.now() - startedAt) / 1_000;
  await close();
  return serial / seconds;
}

/** 100,000 keys: how large, how long the folding stops the process, how fast they are there again. */
async function fillAndLoad(folder: string): Promise<string> {
  const filled = await open(folder);
  filled.channel.update(KEYS.map((key, serial) => [key, recordOf(serial)]));
  await filled.channel.whenDurable();
  const hash = filled.channel.contentHash();
  await filled.close();
  const bytes = await sizeOf(folder);
  const cold = await loadInChild(folder);
  assertSame("after loading", [hash, cold.hash]);
  const { channel, close } = await open(folder);
  const longestMs = await longestTurnWhileFolding(channel);
  await close();
  const back = await restartBesidePeer(folder);
  return table([
    ["100,000 keys", ""],
    ["folder", kilobytes(bytes)],
    ["longest turn while the log is folded", `${longestMs.toFixed(0)} ms`],
    ["opening the store, new process", `${cold.openMs.toFixed(0)} ms`],
    ["loading the channel", `${cold.loadMs.toFixed(0)} ms`],
    [`from opening to synced, ${MISSED} missed`, `${back.toFixed(0)} ms`],
  ]);
}

/** Overwrites a few keys until the log has outgrown the snapshot; the longest time between two turns meanwhile. */
async function longestTurnWhileFolding(channel: Channel): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const end = last + 8_000;
  for (let serial = 0; last < end; serial++) {
    channel.set(KEYS[serial % 100] as string, { serial, text: "x".repeat(2_000) });
    await nextTurn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  await channel.whenDurable();
  return longest;
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Opens the store in a process of its own: nothing is compiled or cached there. */
async function loadInChild(folder: string, url?: string): Promise<LoadReport> {
  const child = fork(fileURLToPath(import.meta.url), url === undefined ? [folder] : [folder, url]);
  const [report] = (await once(child, "message")) as [LoadReport];
  await once(child, "exit");
  return report;
}

/** A peer has what the store has, and has written more. @returns milliseconds from opening to the first full sync */
async function restartBesidePeer(folder: string): Promise<number> {
  const { channel, close } = await open(folder);
  const peer = new Channel({ name: "data" });
  const peers = new PeerSet(peer, { dial: dialWebSocket });
  const endpoint = await Endpoint.listen(0, { host: HOST });
  endpoint.expose("/data", (transport, admission) => peers.accept(transport, admission), {
    authenticate: () => "rw",
  });
  const url = `ws://${HOST}:${endpoint.port}/data`;
  const links = new PeerSet(channel, { dial: dialWebSocket });
  links.setUrls([url]);
  await waitFor(() => peer.contentHash() === channel.contentHash(), { what: "the peer to have it all" });
  await links.close();
  await close();
  peer.update(KEYS.slice(0, MISSED).map((key, serial) => [key, recordOf(-serial)]));
  const report = await loadInChild(folder, url);
  assertSame("after the restart", [peer.contentHash(), report.hash]);
  await peers.close();
  await endpoint.close();
  await peer.close();
  return report.syncedMs ?? Number.NaN;
}

/** The child: opens, loads, syncs if it is given a URL, and tells how long each took. */
async function load(): Promise<void> {
  const [folder = "", url] = process.argv.slice(2);
  const startedAt = performance.now();
  const { store } = await openStore(folder);
  const openedAt = performance.now();
  const channel = new Channel({ name: "data", storage: store.openChannel("data") });
  const loadedAt = performance.now();
  const peers = new PeerSet(channel, { dial: dialWebSocket });
  if (url !== undefined) {
    const live = new Promise<void>((resolve) => {
      peers.on("peer", ({ state }) => {
        if (state === "live") resolve();
      });
    });
    peers.setUrls([url]);
    await live;
  }
  const report: LoadReport = {
    openMs: openedAt - startedAt,
    loadMs: loadedAt - openedAt,
    syncedMs: url === undefined ? undefined : performance.now() - startedAt,
    size: channel.size,
    hash: channel.contentHash(),
  };
  await peers.close();
  await channel.close();
  await store.close();
  process.send?.(report);
  process.disconnect?.();
}
