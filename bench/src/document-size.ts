// `npm run bench:document-size [-- overwrites] [--writers N] [--no-idle]`: the size of the document while 1,000 keys are
// overwritten 1,000,000 times, by one writer and by four, and while it idles afterwards. Must never count the CPU time
// of measuring.
import { parseArgs } from "node:util";
import { machineLine } from "./machine.js";
import { type Mesh, memoryMesh, type Peer } from "./mesh.js";
import { assertSame, countArgument, print, run } from "./run.js";
import { kilobytes, table } from "./table.js";
import { nextTurn, pause, waitFor } from "./wait.js";
import { hashOf, keys, numbers, recordOf, SEED } from "./records.js";

const DEFAULT_OVERWRITES = 1_000_000;
const KEYS = keys(1_000);
/** Sets between two yields to the event loop, and between two looks at the size. */
const SETS_PER_TURN = 100;
const SETS_PER_SAMPLE = 10_000;
const IDLE_SECONDS = [10, 30, 60];
/** With one writer there is one reader beside it; several writers read each other. */
const MIN_REPLICAS = 2;

interface Case {
  readonly writers: number;
  readonly overwrites: number;
  readonly idles: boolean;
}

interface Result {
  /** Of the largest document of all replicas, in bytes. */
  readonly maximum: number;
  readonly afterWriting: number;
  readonly afterIdle: readonly number[];
  readonly microsecondsPerSet: number;
  readonly stats: readonly string[];
}

await run(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { writers: { type: "string" }, "no-idle": { type: "boolean" } },
  });
  const overwrites = countArgument("overwrites", positionals[0], DEFAULT_OVERWRITES);
  const writerCounts = values.writers === undefined ? [1, 4] : [countArgument("writers", values.writers, 1)];
  const idles = values["no-idle"] !== true;
  print(
    `Bytes of the document, the largest of all replicas: ${overwrites} overwrites of ${KEYS.length} keys`,
  );
  print(
    `${machineLine()}; all replicas in one process over memory transports, a yield every ${SETS_PER_TURN} sets, seed ${SEED}`,
  );
  print("Goals: under 600 KB while writing, under 150 KB after a minute of idling\n");
  const rows = [
    ["writers", "replicas", "max while writing", "at the end"].concat(
      idles ? IDLE_SECONDS.map((seconds) => `after ${seconds} s`) : [],
      ["CPU us per set, all replicas"],
    ),
  ];
  for (const writers of writerCounts) {
    const result = await measure({ writers, overwrites, idles });
    rows.push([
      `${writers}`,
      `${Math.max(writers, MIN_REPLICAS)}`,
      kilobytes(result.maximum),
      kilobytes(result.afterWriting),
      ...result.afterIdle.map(kilobytes),
      result.microsecondsPerSet.toFixed(2),
    ]);
    // As soon as they are known: a case takes minutes.
    print([`${writers} writing:`, ...result.stats.map((line) => `  ${line}`)].join("\n"));
  }
  print(`\n${table(rows)}`);
});

async function measure({ writers, overwrites, idles }: Case): Promise<Result> {
  const mesh = await memoryMesh(Math.max(writers, MIN_REPLICAS));
  try {
    const { peers } = mesh;
    const writing = await overwrite(peers, writers, overwrites);
    await converge(mesh);
    const afterWriting = largest(peers);
    const afterIdle = idles ? await idle(peers) : [];
    await converge(mesh);
    assertSame(
      `${peers.length} replicas`,
      peers.map(({ channel }) => hashOf(channel.entries())),
    );
    const stats = peers.map(
      ({ channel, links }) =>
        `${channel.replicaId}: ${numbersOf(channel.stats())} timesBehind=${links.stats().behind}`,
    );
    return { ...writing, afterWriting, afterIdle, stats };
  } finally {
    await mesh.close();
  }
}

/** Lets the writers write in turns of SETS_PER_TURN sets, each to keys chosen at random. */
async function overwrite(
  peers: readonly Peer[],
  writers: number,
  overwrites: number,
): Promise<{ maximum: number; microsecondsPerSet: number }> {
  const choose = numbers(SEED);
  let maximum = 0;
  let measuring = 0;
  const start = process.cpuUsage();
  for (let serial = 0, turn = 0; serial < overwrites; turn++) {
    const { channel } = peers[turn % writers] as Peer;
    const end = Math.min(serial + SETS_PER_TURN, overwrites);
    for (; serial < end; serial++) channel.set(KEYS[choose(KEYS.length)] as string, recordOf(serial));
    await nextTurn();
    if (serial % SETS_PER_SAMPLE !== 0 && serial < overwrites) continue;
    const before = process.cpuUsage();
    maximum = Math.max(maximum, largest(peers));
    measuring += microseconds(process.cpuUsage(before));
  }
  await Promise.all(peers.map(({ links }) => links.whenAcknowledged(60_000)));
  return { maximum, microsecondsPerSet: (microseconds(process.cpuUsage(start)) - measuring) / overwrites };
}

async function idle(peers: readonly Peer[]): Promise<number[]> {
  const start = performance.now();
  const sizes: number[] = [];
  for (const seconds of IDLE_SECONDS) {
    await pause(Math.max(0, start + seconds * 1000 - performance.now()));
    sizes.push(largest(peers));
  }
  return sizes;
}

function converge({ peers }: Mesh): Promise<void> {
  return waitFor(() => new Set(peers.map(({ channel }) => channel.contentHash())).size === 1, {
    what: "equal contents",
    deadlineMs: 60_000,
  });
}

function largest(peers: readonly Peer[]): number {
  return Math.max(...peers.map(({ channel }) => channel.documentBytes()));
}

function microseconds({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

function numbersOf(stats: object): string {
  return Object.entries(stats)
    .map(([name, count]) => `${name}=${count}`)
    .join(" ");
}
