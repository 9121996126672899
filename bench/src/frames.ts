// `npm run bench:frames [-- sets]`: frames of each kind that one set costs in full meshes of 3, 5 and 8 replicas over
// WebSockets. Counts frames sent, by everybody together; must never count what making the mesh took.

import { machineLine } from "./machine.js";
import { type Mesh, webSocketMesh } from "./mesh.js";
import { assertSame, countArgument, print, run } from "./run.js";
import { table } from "./table.js";
import { pause, waitFor } from "./wait.js";
import { hashOf, recordOf } from "./records.js";

const MESHES = [3, 5, 8];
const DEFAULT_SETS = 300;
/** Between two sets of the calm rows: more than acks are gathered for. */
const CALM_PAUSE_MS = 120;
const CALM_SETS = 20;
/** Longer than acks are gathered for: after this, nothing of the sets before is under way. */
const SETTLE_MS = 300;

interface Pace {
  readonly name: string;
  readonly sets: number;
  readonly pauseMs: number;
}

await run(async () => {
  const sets = countArgument("sets", process.argv[2], DEFAULT_SETS);
  const paces: Pace[] = [
    { name: "at once", sets, pauseMs: 0 },
    { name: `after ${CALM_PAUSE_MS} ms`, sets: Math.min(sets, CALM_SETS), pauseMs: CALM_PAUSE_MS },
  ];
  print(`Frames sent per set, all replicas together; each set is awaited until everybody has it`);
  print(`${machineLine()}; WebSockets on loopback, one process, writers in turn\n`);
  const rows = [
    ["peers", "next set", "sets", "goal", "update", "ack", "digest", "vector", "other", "bytes", "gaps"],
  ];
  for (const count of MESHES) for (const pace of paces) rows.push(await measure(count, pace));
  print(table(rows));
});

async function measure(count: number, pace: Pace): Promise<string[]> {
  const mesh = await webSocketMesh(count);
  try {
    await pause(SETTLE_MS);
    const before = totals(mesh);
    await writeAll(mesh, pace);
    await pause(SETTLE_MS);
    const after = totals(mesh);
    compareContents(mesh, pace.sets);
    const perSet = (name: string): string =>
      (((after.get(name) ?? 0) - (before.get(name) ?? 0)) / pace.sets).toFixed(2);
    const other = ["hello", "neighbours", "error"].reduce((sum, kind) => sum + Number(perSet(kind)), 0);
    return [
      `${count}`,
      pace.name,
      `${pace.sets}`,
      `${count - 1}`,
      perSet("update"),
      perSet("ack"),
      perSet("digest"),
      perSet("vector"),
      other.toFixed(2),
      Number(perSet("bytesSent")).toFixed(0),
      `${(after.get("gaps") ?? 0) - (before.get("gaps") ?? 0)}`,
    ];
  } finally {
    await mesh.close();
  }
}

async function writeAll({ peers }: Mesh, { sets, pauseMs }: Pace): Promise<void> {
  for (let serial = 0; serial < sets; serial++) {
    const key = `key:${serial}`;
    peers[serial % peers.length]?.channel.set(key, recordOf(serial));
    await waitFor(() => peers.every(({ channel }) => channel.has(key)), {
      what: `everybody to have ${key}`,
      pollMs: 0,
    });
    if (pauseMs > 0) await pause(pauseMs);
  }
}

/** Frames sent by kind, and bytes and gaps, of all replicas together. */
function totals({ peers }: Mesh): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, count: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + count);
  };
  for (const { links } of peers) {
    const { framesSent, bytesSent, gaps } = links.stats();
    for (const [kind, count] of Object.entries(framesSent)) add(kind, count);
    add("bytesSent", bytesSent);
    add("gaps", gaps);
  }
  return sums;
}

function compareContents({ peers }: Mesh, sets: number): void {
  const expected = Array.from({ length: sets }, (_, serial) => [`key:${serial}`, recordOf(serial)] as const);
  const hashes = peers.map(({ channel }) => hashOf(channel.entries()));
  assertSame(`${peers.length} peers and what was written`, [hashOf(expected), ...hashes]);
  assertSame(
    `${peers.length} peers' digests`,
    peers.map(({ channel }) => channel.contentHash()),
  );
}
