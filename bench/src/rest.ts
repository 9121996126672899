// `npm run bench:rest [-- sets] [--folder PATH]`: what OpenAF's REST dialect costs. Single sets per second of one
// client and of 16 that keep their connections and wait for every reply, and rows per second of one request with many, each into a
// channel in memory and into a durable one (level "sync"). The server is a process of its own; must never count its start.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createCh } from "@chorus/ch";
import { machineLine } from "./machine.js";
import { assertSame, countArgument, print, run } from "./run.js";
import { median, table } from "./table.js";

const DEFAULT_SETS = 10_000;
const ROWS = 50_000;
/** The rows are sent so often, each time with other values. */
const ROUNDS = 5;
const CLIENTS = 16;
const HOST = "127.0.0.1";
/** Of the kinds of channels that are measured, the one in a folder. */
const DURABLE = "durable, sync";

if (process.send) await serve(process.argv[2]);
else await run(measure);

async function measure(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { folder: { type: "string" } },
  });
  const sets = countArgument("sets", positionals[0], DEFAULT_SETS);
  const root = await mkdtemp(join(values.folder ?? tmpdir(), "chorus-rest-"));
  try {
    print(`OpenAF's REST dialect, ${machineLine()}\n`);
    const rows = [
      [
        "channel",
        "sets/s, 1 client",
        "sets/s, 16 clients",
        "server's CPU per set, µs",
        `rows/s, ${ROWS} at once`,
        "GET of them, ms",
      ],
    ];
    for (const kind of ["in memory", DURABLE]) {
      rows.push([kind, ...(await measureOne(kind === DURABLE ? join(root, "data") : undefined, sets))]);
    }
    print(table(rows));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The figures of one channel. */
async function measureOne(folder: string | undefined, sets: number): Promise<string[]> {
  const child = fork(fileURLToPath(import.meta.url), folder === undefined ? [] : [folder]);
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  try {
    const [port] = (await once(child, "message")) as [number];
    const send = (method: string, path: string, body?: string) =>
      exchange({ agent, port, method, path, body });
    for (let i = 0; i < sets / 10; i++) await send("PUT", setPath(i), rowText(i, 0));
    const cpuBefore = await cpuOf(child);
    const startedAt = performance.now();
    for (let i = 0; i < sets; i++) await send("PUT", setPath(i), rowText(i, 1));
    const oneMs = performance.now() - startedAt;
    const cpuPerSet = ((await cpuOf(child)) - cpuBefore) / sets;
    const manyMs = await setsOfMany(send, sets);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await sendRows(send, round));
    const readAt = performance.now();
    const { l } = await send("GET", "/data/o/a");
    const readMs = performance.now() - readAt;
    assertSame("entries", [`${l}`, `${Math.max(ROWS, sets)}`]);
    const rowsPerSecond = (1_000 * ROWS) / median(times);
    const perSecond = [oneMs, manyMs].map((ms) => ((1_000 * sets) / ms).toFixed(0));
    return [...perSecond, cpuPerSet.toFixed(0), rowsPerSecond.toFixed(0), readMs.toFixed(0)];
  } finally {
    agent.destroy();
    child.send("end");
    await once(child, "exit");
  }
}

/** Microseconds of processor time that the server has used so far: what other programs do here does not count. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [microseconds] = (await once(child, "message")) as [number];
  return microseconds;
}

type Send = (method: string, path: string, body?: string) => Promise<{ l: number }>;

/** Milliseconds of the sets of several clients, each of which waits for its replies. */
async function setsOfMany(send: Send, sets: number): Promise<number> {
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < sets) {
      const i = next++;
      await send("PUT", setPath(i), rowText(i, 2));
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, write));
  return performance.now() - startedAt;
}

/** Milliseconds from the first byte of a request with all rows to its reply. */
async function sendRows(send: Send, round: number): Promise<number> {
  const body = `[${Array.from({ length: ROWS }, (_, i) => rowText(i, round + 3)).join(",")}]`;
  const path = `/data/o/a/k/${encodeURIComponent('["id"]')}/t/${Date.now()}`;
  const startedAt = performance.now();
  await send("PUT", path, body);
  return performance.now() - startedAt;
}

function setPath(i: number): string {
  return `/data/o/e/k/${encodeURIComponent(`{"id":${i}}`)}/t/${Date.now()}`;
}

/** About 100 bytes. */
function rowText(id: number, round: number): string {
  return JSON.stringify({ id, round, name: `name of row ${id}`, state: "active", text: "x".repeat(30) });
}

interface Exchange {
  readonly agent: Agent;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** @throws Error for any status but 200 */
function exchange({ agent, port, method, path, body }: Exchange): Promise<{ l: number }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const request = httpRequest({ agent, host: HOST, port, method, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const text = Buffer.concat(pieces).toString("utf8");
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** The process with the channel; it tells its port and ends when it is told to. */
async function serve(folder: string | undefined): Promise<void> {
  const $ch = await (folder === undefined ? createCh() : createCh({ data: folder }));
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  await $ch("data").expose(server, "/data");
  process.send?.((server.address() as AddressInfo).port);
  for (;;) {
    const [message] = await once(process, "message");
    if (message === "end") break;
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  }
  await $ch.close();
  server.closeAllConnections();
  server.close();
  process.disconnect();
}
