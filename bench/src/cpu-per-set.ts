// `npm run bench:cpu-per-set [-- rounds]`: microseconds of CPU of three processes together for each of 20,000 sets, and
// beside it the wire limit: the same sets over bare WebSockets into a Map. Must leave no process behind.
import { join } from "node:path";
import { machineLine } from "./machine.js";
import type { Engine, Job } from "./node-messages.js";
import { NodeProcess } from "./node-process.js";
import { assertSame, countArgument, print, run } from "./run.js";
import { median, table } from "./table.js";

const SETS = 20_000;
const NODES = 3;
const DEFAULT_ROUNDS = 7;
const PACES = [
  { name: "tight loop", setsPerTurn: 0 },
  { name: "yield every 100", setsPerTurn: 100 },
];

/** Microseconds of CPU for each set, all processes together, one number for each round. */
interface Samples {
  readonly untilAcknowledged: number[];
  /** What compaction takes afterwards. */
  readonly afterwards: number[];
}

await run(async () => {
  const rounds = countArgument("rounds", process.argv[2], DEFAULT_ROUNDS);
  print(
    `Microseconds of CPU per set: ${SETS} sets by one node, two peers, a process each, all three together`,
  );
  print(`${machineLine()}; WebSockets on loopback, full mesh, ${rounds} rounds after one to warm up\n`);
  const nodes = Array.from(
    { length: NODES },
    () => new NodeProcess(join(import.meta.dirname, "cpu-node.js")),
  );
  try {
    await connect(nodes);
    const samples = await measure(nodes, rounds);
    print(report(samples));
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
  }
});

async function connect(nodes: readonly NodeProcess[]): Promise<void> {
  const ports = await Promise.all(nodes.map((node) => node.ask("listen", undefined)));
  const peers = nodes.length - 1;
  await Promise.all(
    nodes.map((node, index) => {
      const earlier = ports.slice(0, index);
      const urls = {
        chorus: earlier.map(({ chorus }) => `ws://127.0.0.1:${chorus}`),
        wire: earlier.map(({ wire }) => `ws://127.0.0.1:${wire}`),
      };
      return node.ask("connect", { urls, peers });
    }),
  );
}

/** Chorus and the wire in turn, so that both meet the same machine; the first round is not counted. */
async function measure(nodes: readonly NodeProcess[], rounds: number): Promise<Map<string, Samples>> {
  const samples = new Map<string, Samples>();
  let firstSerial = 0;
  for (let round = 0; round <= rounds; round++) {
    for (const { name, setsPerTurn } of PACES) {
      for (const engine of ["chorus", "wire"] as const) {
        const costs = await measureOne(nodes, { engine, sets: SETS, setsPerTurn, firstSerial });
        const label = labelOf(engine, name);
        const list = samples.get(label) ?? { untilAcknowledged: [], afterwards: [] };
        samples.set(label, list);
        if (round === 0) continue;
        list.untilAcknowledged.push(costs.untilAcknowledged);
        list.afterwards.push(costs.afterwards);
      }
      await compareContents(nodes);
      firstSerial += SETS;
    }
  }
  return samples;
}

async function measureOne(
  nodes: readonly NodeProcess[],
  job: Job,
): Promise<{ untilAcknowledged: number; afterwards: number }> {
  const all = <Answer>(ask: (node: NodeProcess) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(nodes.map(ask));
  await all((node) => node.ask("start", undefined));
  await nodes[0]?.ask("write", job);
  const writing = sum(await all((node) => node.ask("stop", undefined)));
  await all((node) => node.ask("start", undefined));
  if (job.engine === "chorus") await all((node) => node.ask("settle", undefined));
  const settling = sum(await all((node) => node.ask("stop", undefined)));
  return { untilAcknowledged: writing / job.sets, afterwards: settling / job.sets };
}

/** Both programs got the same sets: after each pair of runs all six contents are equal. */
async function compareContents(nodes: readonly NodeProcess[]): Promise<void> {
  const contents = await Promise.all(nodes.map((node) => node.ask("contents", undefined)));
  assertSame(
    "three replicas and three maps",
    contents.flatMap(({ chorus, wire }) => [chorus, wire]),
  );
}

function report(samples: ReadonlyMap<string, Samples>): string {
  const rows = [["", "median", "least", "most", "ratio to wire", "compaction later"]];
  for (const { name } of PACES) {
    const limit = median(samples.get(labelOf("wire", name))?.untilAcknowledged ?? []);
    for (const engine of ["chorus", "wire"] as const) {
      const label = labelOf(engine, name);
      const { untilAcknowledged, afterwards } = samples.get(label) as Samples;
      const middle = median(untilAcknowledged);
      rows.push([
        label,
        middle.toFixed(2),
        Math.min(...untilAcknowledged).toFixed(2),
        Math.max(...untilAcknowledged).toFixed(2),
        (middle / limit).toFixed(2),
        engine === "chorus" ? median(afterwards).toFixed(2) : "",
      ]);
    }
  }
  return table(rows);
}

function labelOf(engine: Engine, pace: string): string {
  return `${engine === "chorus" ? "Chorus" : "wire limit"}, ${pace}`;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
