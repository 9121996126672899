// One of the processes of the mesh: a `$ch` with a data folder, peered with all others through proxies, and a writer. It
// only does what it is told, and reports everything.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type AuthFunction, type ChannelHandle, createCh } from "@chorus/ch";
import type { Command, Content } from "./messages.js";
import { PASSWORD, USER } from "./channel-url.js";
import { childSetup, leave, obey, report, reportError } from "./reporter.js";
import { type DurableMap, type StampedValue, Writer } from "./writer.js";

/** A value as the channel stores it: rows hold their key. */
type Row = StampedValue & { readonly key: string };

const authenticate: AuthFunction = (user, password) => user === USER && password === PASSWORD;

function durableMap(data: ChannelHandle<string, Row>): DurableMap {
  return {
    idOf: (key) => (data.get(key) as Row | undefined)?.id,
    set: (key, value) => void data.set(key, { key, ...value }),
    delete: (key) => void data.unset(key),
    batch: (entries) => {
      const rows = entries.filter(([, value]) => value !== undefined) as [string, StampedValue][];
      const gone = entries.filter(([, value]) => value === undefined).map(([key]) => ({ key }));
      data.setAll(
        ["key"],
        rows.map(([key, value]) => ({ key, ...value })),
      );
      data.unsetAll(["key"], gone);
    },
    whenDurable: async () => void (await data.whenDurable()),
  };
}

const setup = childSetup();
report({ kind: "started" });
const $ch = await createCh({ data: setup.folder, level: setup.level });
$ch.on("error", ({ error }) => reportError(error));
$ch.on("link", ({ status }) => status === "synced" && reportNeighbours());
const data = $ch<string, Row>("data").create();
report({ kind: "opened", replicaId: "", content: content() });
const server = createServer((_, response) => response.writeHead(404).end());
server.listen(0, "127.0.0.1");
await once(server, "listening");
let writer: Writer | undefined;
obey(carryOut);
report({ kind: "listening", port: (server.address() as AddressInfo).port });

function reportNeighbours(): void {
  for (const { url, status, replicaId } of data.links()) {
    const port = Number(new URL(url).port);
    if (status === "synced" && replicaId !== undefined) report({ kind: "met", port, replicaId });
  }
}

function content(): Content {
  const found: [string, string][] = [];
  data.forEach((_, value) => {
    const { key, id } = value as Row;
    found.push([key, id]);
  });
  return found;
}

async function carryOut(command: Command): Promise<void> {
  switch (command.kind) {
    case "link":
      await data.peer(server, "/data", command.urls, authenticate);
      return;
    case "write":
      writer = new Writer(durableMap(data), command.load, { tell: report, fail: reportError });
      return writer.start();
    case "quiet":
      await writer?.stop();
      return report({ kind: "quiet" });
    case "hash":
      return report({ kind: "hash", contentHash: data.contentHash() });
    case "state":
      return report({ kind: "state", state: { contentHash: data.contentHash(), content: content() } });
    case "close":
      return close();
  }
}

async function close(): Promise<void> {
  report({ kind: "closing" });
  await writer?.stop();
  await $ch.close();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  report({ kind: "closed" });
  leave();
}
