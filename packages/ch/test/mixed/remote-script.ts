// One script of calls on a remote channel of an original, to be run against an original and against Chorus, and what is
// known to come out differently. It must use nothing but what an OpenAF script can call.
import { OriginalClient, type OriginalRemote, writeIndex } from "../original/original-client.js";

export interface RemoteCall {
  readonly name: string;
  run(remote: OriginalRemote): Promise<unknown>;
  /** Why the answer of Chorus is another one, and which. Undefined: both answer the same. */
  readonly here?: { readonly reason: string; readonly answer: unknown };
}

const ROW = { id: 1, city: "Porto", deep: { list: [1, null, "ü"] } };
const AWKWARD = { "a/b": 'x "y"', "größe ?#&%+": 2 };
const ORDER = "in order of the last write, so that it is the same on all peers; the original: of insertion";

/** The calls, in order: each sees what the earlier ones left. Times are given, so that orders are certain. */
export const REMOTE_CALLS: readonly RemoteCall[] = [
  { name: "size of nothing", run: (remote) => remote.size() },
  { name: "pop of nothing", run: (remote) => remote.pop() },
  { name: "shift of nothing", run: (remote) => remote.shift() },
  { name: "getAll of nothing", run: (remote) => remote.getAll() },
  { name: "get of a missing key", run: (remote) => remote.get({ id: "none" }) },
  { name: "set of a map", run: (remote) => remote.set({ id: 1 }, ROW, 1_000) },
  { name: "get of a map", run: (remote) => remote.get({ id: 1 }) },
  { name: "set of a scalar", run: (remote) => remote.set("k", 5, 2_000) },
  { name: "get of a scalar", run: (remote) => remote.get("k") },
  { name: "set of a text like a number", run: (remote) => remote.set("5", true, 3_000) },
  { name: "get of the number", run: (remote) => remote.get(5) },
  { name: "get of the text", run: (remote) => remote.get("5") },
  { name: "set under awkward names", run: (remote) => remote.set(AWKWARD, { ...AWKWARD, v: "%2F/" }, 4_000) },
  { name: "get of awkward names", run: (remote) => remote.get(AWKWARD) },
  { name: "set of an array", run: (remote) => remote.set({ id: "list" }, [1, "two"], 5_000) },
  { name: "get of an array", run: (remote) => remote.get({ id: "list" }) },
  { name: "set of a map key with a scalar", run: (remote) => remote.set({ id: "scalar" }, "v", 6_000) },
  { name: "get of it", run: (remote) => remote.get({ id: "scalar" }) },
  {
    name: "setAll",
    run: (remote) =>
      remote.setAll(
        ["id"],
        [
          { id: 2, v: 1 },
          { id: 3, v: 1 },
        ],
        7_000,
      ),
  },
  { name: "setAll of nothing", run: (remote) => remote.setAll(["id"], [], 7_500) },
  { name: "size", run: (remote) => remote.size() },
  { name: "getSet that matches", run: (remote) => remote.getSet({ v: 1 }, { id: 2 }, { id: 2, v: 2 }) },
  {
    name: "getSet that does not match",
    run: (remote) => remote.getSet({ v: 1 }, { id: 2 }, { id: 2, v: 3 }),
  },
  { name: "getSet of a missing key", run: (remote) => remote.getSet({ v: 1 }, { id: 9 }, { id: 9 }) },
  { name: "get after getSet", run: (remote) => remote.get({ id: 2 }) },
  { name: "set of it with a time", run: (remote) => remote.set({ id: 2 }, { id: 2, v: 4 }) },
  { name: "getKeys", run: async (remote) => sorted(await remote.getKeys()) },
  { name: "getAll", run: async (remote) => sorted(await remote.getAll()) },
  { name: "getSortedKeys", run: (remote) => remote.getSortedKeys() },
  {
    name: "getKeys, their order",
    run: async (remote) => (await remote.getKeys()).slice(-1),
    here: { reason: ORDER, answer: [{ id: 2 }] },
  },
  { name: "forEach", run: visited },
  { name: "pop", run: (remote) => remote.pop() },
  { name: "shift", run: (remote) => remote.shift() },
  { name: "size after both", run: (remote) => remote.size() },
  { name: "unset", run: (remote) => remote.unset("k") },
  { name: "unset of a missing key", run: (remote) => remote.unset("k") },
  { name: "get after unset", run: (remote) => remote.get("k") },
  { name: "unsetAll", run: (remote) => remote.unsetAll(["id"], [{ id: 3 }, { id: "none" }]) },
  { name: "size after unsetAll", run: (remote) => remote.size() },
  {
    name: "set with an older time",
    run: async (remote) => [
      await remote.set({ id: "list" }, { old: true }, 10),
      await remote.get({ id: "list" }),
    ],
    here: {
      reason: "a write with a time earlier than that of the entry does not win",
      answer: [{ id: "list" }, [1, "two"]],
    },
  },
];

/** Raw requests whose whole replies are compared, but for the version, which is a clock. */
export const RAW_CALLS: readonly (readonly [name: string, method: string, path: string, body?: unknown])[] = [
  ["GET l", "GET", writeIndex([["o", "l"]])],
  [
    "PUT e",
    "PUT",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 1 }],
      ["t", 9_000],
    ]),
    { raw: 1 },
  ],
  [
    "PUT a",
    "PUT",
    writeIndex([
      ["o", "a"],
      ["k", ["raw"]],
      ["t", 9_001],
    ]),
    [{ raw: 2 }, { raw: 3 }],
  ],
  [
    "POST e",
    "POST",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 4 }],
      ["t", 9_002],
    ]),
    { raw: 4 },
  ],
  [
    "GET e",
    "GET",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 1 }],
    ]),
  ],
  [
    "GET e of a missing key",
    "GET",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 99 }],
    ]),
  ],
  [
    "PUT es",
    "PUT",
    writeIndex([
      ["o", "es"],
      ["m", { raw: 4 }],
      ["k", { raw: 4 }],
      ["t", undefined],
    ]),
    { raw: 4 },
  ],
  [
    "PUT es, no match",
    "PUT",
    writeIndex([
      ["o", "es"],
      ["m", { raw: 5 }],
      ["k", { raw: 4 }],
      ["t", undefined],
    ]),
    {},
  ],
  [
    "DELETE e",
    "DELETE",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 1 }],
      ["t", 9_003],
    ]),
  ],
  [
    "DELETE e of a missing key",
    "DELETE",
    writeIndex([
      ["o", "e"],
      ["k", { raw: 1 }],
      ["t", undefined],
    ]),
  ],
];

/** Answers with status, type and body; `c` of a GET as a number: the original's map is an accident that we do not repeat. */
export async function rawReplies(url: string): Promise<unknown[]> {
  const client = new OriginalClient(url);
  const replies: unknown[] = [];
  for (const [name, method, path, body] of RAW_CALLS) {
    const answer = await client.call({ method, path, body });
    const { v, c, ...rest } = answer.body as { v: number; c?: number | { v: string } };
    const isRecent = Math.abs(v - Date.now()) < 60_000;
    const counter = typeof c === "object" ? Number(c.v) : c;
    const { "content-type": type, location } = answer.headers ?? {};
    const hasLocation = location !== undefined;
    replies.push({ name, status: answer.status, type, hasLocation, isRecent, c: counter, ...rest });
  }
  return replies;
}

async function visited(remote: OriginalRemote): Promise<unknown> {
  const seen: unknown[] = [];
  await remote.forEach((key, value) => void seen.push([key, value]));
  return sorted(seen);
}

function sorted(items: readonly unknown[]): unknown[] {
  return [...items].sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
