// One node process of bench:cpu-per-set: a Chorus channel and a bare wire, each with its server, working on command.
// Must end by itself when its coordinator goes.
import { Channel, PeerSet } from "@chorus/core";
import { dialWebSocket, Endpoint } from "@chorus/node";
import type { AnswerMessage, CommandName, Commands, Job, RequestMessage } from "./node-messages.js";
import { nextTurn, pause, waitFor } from "./wait.js";
import { WireNode } from "./wire-node.js";
import { hashOf, keys, recordOf } from "./workload.js";

const PATH = "/bench";
/** Compaction counts as done when it stood still for this long; above the time after which a channel is idle. */
const STILL_MS = 2_500;
const KEYS = keys(20_000);

const channel = new Channel({ name: "bench" });
const links = new PeerSet(channel, { dial: dialWebSocket });
const wire = new WireNode();
let endpoint: Endpoint | undefined;
let start = process.cpuUsage();

type Handlers = {
  [Name in CommandName]: (request: Commands[Name]["request"]) => Promise<Commands[Name]["answer"]>;
};

const handlers: Handlers = {
  listen: async () => {
    endpoint = await Endpoint.listen(0, { host: "127.0.0.1" });
    endpoint.expose(PATH, (transport, admission) => links.accept(transport, admission));
    return { chorus: endpoint.port, wire: await wire.listen() };
  },
  connect: async ({ urls, peers }) => {
    links.setUrls(urls.chorus.map((url) => `${url}${PATH}`));
    await Promise.all(urls.wire.map((url) => wire.dial(url)));
    const isComplete = (): boolean => {
      const { connections, live } = links.stats();
      return connections === peers && live === peers && wire.connections === peers;
    };
    await waitFor(isComplete, { what: "all connections" });
  },
  start: async () => {
    start = process.cpuUsage();
  },
  write,
  stop: async () => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  },
  settle,
  contents: async () => ({ chorus: hashOf(channel.entries()), wire: hashOf(wire.map) }),
};

async function write({ engine, sets, setsPerTurn, firstSerial }: Job): Promise<undefined> {
  const target = engine === "chorus" ? channel : wire;
  for (let i = 0; i < sets; i++) {
    target.set(KEYS[i % KEYS.length] as string, recordOf(firstSerial + i));
    if (setsPerTurn > 0 && (i + 1) % setsPerTurn === 0) await nextTurn();
  }
  await (engine === "chorus" ? links.whenAcknowledged(30_000) : wire.flush());
}

async function settle(): Promise<undefined> {
  const work = (): string => {
    const { dropped, moved, cleanedSegments, appliedUpdates } = channel.stats();
    return [dropped, moved, cleanedSegments, appliedUpdates].join();
  };
  for (let before = ""; before !== work(); ) {
    before = work();
    await pause(STILL_MS);
  }
}

async function handle({ id, command, request }: RequestMessage): Promise<void> {
  const handler = handlers[command] as (request: unknown) => Promise<unknown>;
  let message: AnswerMessage;
  try {
    message = { id, answer: await handler(request) };
  } catch (error) {
    message = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(message);
}

async function end(): Promise<void> {
  await links.close();
  await endpoint?.close();
  wire.close();
  channel.close();
  process.exit();
}

process.on("message", (message: RequestMessage) => void handle(message));
process.on("disconnect", () => void end());
// An interrupt reaches the whole group: the coordinator decides when its nodes end.
process.on("SIGINT", () => undefined);
