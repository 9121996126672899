// `npm run bench:memory [-- KEYS] [--write]`: what a key takes of the heap, by the kind of object, from heap snapshots
// before and after; once for keys that were written here and once for keys that came from a peer. Must weigh nothing of
// its own: what it keeps of the first snapshot are a few numbers.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { getHeapSnapshot } from "node:v8";
import { closeAll, connect, fill, openReplica, whenEqual } from "./growth/replicas.js";
import { machineLine } from "./machine.js";
import { heapUsed } from "./node/heap.js";
import { countArgument, print, run } from "./run.js";
import { table } from "./table.js";
import { commitLine } from "./versions.js";

const DEFAULT_KEYS = 40_000;
/** Replaced by --write only. */
const DOCUMENT = join(import.meta.dirname, "..", "..", "..", "docs", "benchmarks", "memory.md");

/** Kinds of V8's snapshots: "object" ones with the name of their class, all others without a name. */
const KINDS: { readonly [kind: string]: string } = {
  "object Item": "Item, the struct of Yjs",
  "object ID": "ID, the struct's number",
  "object Holder": "Holder, the entry: in the index and in the struct",
  number: "numbers of more than 31 bits: the stamp, the session in each ID",
  string: "texts of keys and values",
  "concatenated string": "texts that V8 has joined from parts",
  array: "tables of maps (index; Yjs's map of the segment) and lists of structs",
};
const OTHER = "anything else";

type Weights = Map<string, { count: number; bytes: number }>;

await run(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: "boolean" } },
  });
  const keys = countArgument("keys", positionals[0], DEFAULT_KEYS);
  const [head, commit] = [machineLine(), await commitLine()];
  print(`${head}; commit ${commit}; bytes per key of ${keys}, keys and values as in all workloads\n`);
  await warmUp();
  const { written, received } = await weigh(keys);
  const rows = rowsOf(written, received, keys);
  print(table(rows));
  if (values.write !== true) return;
  const date = new Date().toISOString().slice(0, 10);
  await mkdir(join(DOCUMENT, ".."), { recursive: true });
  await writeFile(DOCUMENT, markdown(rows, { keys, source: `Machine: ${head}; commit ${commit}, ${date}` }));
});

/** What all replicas share is there before anything is weighed. */
async function warmUp(): Promise<void> {
  const replicas = [openReplica(), openReplica()] as const;
  await fill(replicas[0], 1_000);
  connect(...replicas);
  await whenEqual(replicas, 1);
  await closeAll(replicas);
}

async function weigh(keys: number): Promise<{ written: Weights; received: Weights }> {
  const before = await weights();
  const giver = openReplica();
  await fill(giver, keys);
  const filled = await weights();
  const joiner = openReplica();
  connect(giver, joiner);
  await whenEqual([giver, joiner], 1);
  const joined = await weights();
  await closeAll([giver, joiner]);
  return { written: difference(filled, before), received: difference(joined, filled) };
}

/** By kind, what is reachable now. */
async function weights(): Promise<Weights> {
  await heapUsed();
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(Buffer.from(chunk));
  const { snapshot, nodes, strings } = JSON.parse(Buffer.concat(chunks).toString()) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name, size] = ["type", "name", "self_size"].map((field) => fields.indexOf(field));
  const found: Weights = new Map();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const of = (field = 0): number => nodes[at + field] ?? 0;
    const kind = kindOf(types[0][of(type)] ?? "", strings[of(name)] ?? "");
    const weight = found.get(kind) ?? { count: 0, bytes: 0 };
    found.set(kind, { count: weight.count + 1, bytes: weight.bytes + of(size) });
  }
  return found;
}

/** The part of V8's format that is read here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

function kindOf(type: string, name: string): string {
  const kind = type === "object" ? `object ${name}` : type;
  return KINDS[kind] ?? OTHER;
}

function difference(after: Weights, before: Weights): Weights {
  return new Map(
    [...after].map(([kind, { count, bytes }]) => {
      const earlier = before.get(kind) ?? { count: 0, bytes: 0 };
      return [kind, { count: count - earlier.count, bytes: bytes - earlier.bytes }];
    }),
  );
}

/** Head and rows: by kind, how many and how many bytes for each key. */
function rowsOf(written: Weights, received: Weights, keys: number): string[][] {
  const cells = (weights: Weights, kind: string): string[] => {
    const { count = 0, bytes = 0 } = weights.get(kind) ?? {};
    return [(count / keys).toFixed(2), (bytes / keys).toFixed(1)];
  };
  const sum = (weights: Weights): string =>
    ([...weights.values()].reduce((total, { bytes }) => total + bytes, 0) / keys).toFixed(1);
  return [
    ["", "written here: objects", "bytes", "received: objects", "bytes"],
    ...[...Object.values(KINDS), OTHER].map((kind) => [
      kind,
      ...cells(written, kind),
      ...cells(received, kind),
    ]),
    ["together", "", sum(written), "", sum(received)],
  ];
}

function markdown(rows: readonly string[][], { keys, source }: { keys: number; source: string }): string {
  const [head = [], ...others] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const lines = [
    "# What a key takes of the heap",
    "",
    "Written by `npm run bench:memory -- --write`; change nothing by hand. From heap snapshots before and after, for each",
    `of ${keys.toLocaleString("en-US")} keys, which are about 9 characters long, with values of about 37.`,
    "",
    `${source}.`,
    "",
    head,
    "| --- | ---: | ---: | ---: | ---: |",
    ...others,
  ];
  return `${lines.join("\n")}\n`;
}
