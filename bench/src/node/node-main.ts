// A node process of the bench: one node of one system, or its server, working on command. The process is warm from
// round to round, the node is a fresh one each time. Must end by itself when its coordinator goes.
import { hashOf } from "../records.js";
import { loadSystem } from "../systems/index.js";
import type { SystemNode, SystemServer } from "../systems/system.js";
import { channelHeap } from "./channel-heap.js";
import { nowMs } from "./clock.js";
import { JobWriter } from "./job-writer.js";
import { KeyWatch } from "./key-watch.js";
import type { AnswerMessage, CommandName, Commands, RequestMessage, Span } from "./node-messages.js";
import { StallMeter } from "./stall-meter.js";

type Handlers = {
  [Name in CommandName]: (request: Commands[Name]["request"]) => Promise<Commands[Name]["answer"]>;
};

/** What lives from `create` to `close`. */
interface Life {
  readonly node: SystemNode;
  readonly writer: JobWriter;
  watch: KeyWatch | undefined;
  stalls: StallMeter | undefined;
  progress: number | undefined;
}

const system = await loadSystem(process.argv[2] ?? "");
let life: Life | undefined;
let server: SystemServer | undefined;

const handlers: Handlers = {
  create: async ({ role, ...options }) => {
    // Never collect garbage by force here: V8 would throw away compiled code with it, and every round would be cold.
    if (role === "server") {
      server = await system.createServer?.(options);
      return server?.listen();
    }
    const node = await system.createNode(options);
    life = { node, writer: new JobWriter(node), watch: undefined, stalls: undefined, progress: undefined };
    return node.listen();
  },
  connect: async ({ addresses, peers }) => {
    const span = await spanOf(() => living().node.connect(addresses, peers));
    living().watch?.look();
    return span;
  },
  watch: async (keys) => {
    const { node, watch } = living();
    watch?.stop();
    living().watch = new KeyWatch(node, keys);
  },
  seen: async () => living().watch?.seen ?? [],
  write: async ({ job, times }) => living().writer.write(job, times === true),
  lastWrites: async () => [...living().writer.lastWrites.values()],
  values: async (keys) => Promise.all(keys.map((key) => living().node.get(key))),
  cpu: async () => (server ?? living().node).cpuMicroseconds(),
  contents: async () => {
    const entries = [...(await living().node.entries())];
    return { hash: hashOf(entries), keys: entries.length };
  },
  stateBytes: async () => living().node.stateBytes(),
  frames: async () => living().node.framesSent?.(),
  countProgress: async () => {
    const counting = living();
    if (counting.node.onProgress === undefined) return;
    counting.progress = 0;
    counting.node.onProgress(() => {
      counting.progress = (counting.progress ?? 0) + 1;
    });
  },
  progress: async () => living().progress,
  beginStalls: async () => {
    living().stalls = new StallMeter();
  },
  endStalls: async () => {
    const { stalls } = living();
    if (stalls === undefined) throw new Error("no stalls were measured");
    return stalls.end();
  },
  goOffline: async () => {
    await living().node.goOffline();
  },
  goOnline: async () => spanOf(() => living().node.goOnline()),
  close,
  channelHeap,
};

async function spanOf(work: () => Promise<void>): Promise<Span> {
  const startedAt = nowMs();
  await work();
  return { startedAt, endedAt: nowMs() };
}

function living(): Life {
  if (life === undefined) throw new Error("this process has no node: create comes first");
  return life;
}

async function close(): Promise<undefined> {
  const closing = life;
  life = undefined;
  closing?.watch?.stop();
  await closing?.node.close();
  await server?.close();
  server = undefined;
}

async function handle({ id, command, request }: RequestMessage): Promise<void> {
  const handler = handlers[command] as (request: unknown) => Promise<unknown>;
  let message: AnswerMessage;
  try {
    message = { id, answer: await handler(request) };
  } catch (error) {
    message = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  // The coordinator may be gone meanwhile; "disconnect" ends this process.
  if (process.connected) process.send?.(message);
}

async function end(): Promise<void> {
  await close().catch(() => undefined);
  process.exit();
}

process.on("message", (message: RequestMessage) => void handle(message));
process.on("disconnect", () => void end());
// An interrupt reaches the whole group: the coordinator decides when its nodes end.
process.on("SIGINT", () => undefined);
