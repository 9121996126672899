// What the tests of peering share: registries over real sockets on loopback, on ports that are known beforehand.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AuthFunction,
  type Ch,
  type ChannelHandle,
  type ChEvents,
  type ChOptions,
  createCh,
  type DurableChOptions,
} from "../src/index.js";

export interface Cleanup {
  after(cleanup: () => unknown): void;
}

export const USER = "user";
/** With everything that must be encoded in a URL, and a colon. */
export const PASSWORD = "p@ss:w/r d?ü";

export const auth: AuthFunction = (user, password) => user === USER && password === PASSWORD;

/** One registry with a server of its own. */
export interface Node {
  readonly $ch: Ch;
  readonly data: ChannelHandle;
  readonly server: Server;
  readonly port: number;
  /** With the right user and password. */
  readonly url: string;
  readonly plainUrl: string;
  readonly errors: ChEvents["error"][];
  readonly links: ChEvents["link"][];
}

export async function node(t: Cleanup, options: ChOptions | DurableChOptions = {}): Promise<Node> {
  const $ch = await ("data" in options ? createCh(options) : createCh(options));
  const server = createServer((_, response) => response.writeHead(418).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  t.after(async () => {
    await $ch.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
  const errors: ChEvents["error"][] = [];
  const links: ChEvents["link"][] = [];
  $ch.on("error", (event) => errors.push(event));
  $ch.on("link", (event) => links.push(event));
  const plainUrl = `http://127.0.0.1:${port}/data`;
  const url = plainUrl.replace("//", `//${USER}:${encodeURIComponent(PASSWORD)}@`);
  return { $ch, data: $ch("data"), server, port, url, plainUrl, errors, links };
}

/** Nodes that are all peered with each other, as the guide does it, and in sync. */
export async function mesh(t: Cleanup, count: number, options: ChOptions = {}): Promise<Node[]> {
  const nodes = await Promise.all(Array.from({ length: count }, () => node(t, options)));
  const urls = nodes.map(({ url }) => url);
  await Promise.all(nodes.map(({ data, server }) => data.peer(server, "/data", urls, auth)));
  await Promise.all(nodes.map(({ data }) => data.ready()));
  return nodes;
}

/** Two nodes that are peered with each other and in sync. */
export async function pair(t: Cleanup): Promise<[Node, Node]> {
  const [a, b] = await mesh(t, 2);
  if (!a || !b) throw new Error("two nodes were asked for");
  return [a, b];
}

/** An empty folder that is removed at the end. */
export async function folder(t: Cleanup): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "chorus-ch-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Whether the port can be taken, that is, whether nothing listens on it. */
export async function isFree(port: number): Promise<boolean> {
  const server = createTcpServer();
  try {
    server.listen(port);
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

/** The status of the link to a node; undefined when there is none. */
export function statusOf(data: ChannelHandle, { port }: Node): string | undefined {
  return data.links().find(({ url }) => url.includes(`:${port}/`))?.status;
}
