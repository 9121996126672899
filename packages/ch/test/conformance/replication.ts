// What travels between peers: writes as a subscriber on the other side is told of them, and the defects of section 8 that
// lost, swapped or brought back entries.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { assert, until } from "@chorus/testing";
import { auth, type Node } from "../support.js";
import { type Case, calls, nodes, pairOf, peerAll, type Scene, told, twoNodes } from "./cases.js";

/** Two nodes of which the first dials the second, so that `unpeer` and `peer` of the first are a cut and its end. */
async function dialled(scene: Scene): Promise<[Node, Node]> {
  const [a, b] = await twoNodes(scene);
  await b.data.expose(b.server, "/data", auth);
  await a.data.peer(undefined, undefined, b.url);
  await a.data.ready();
  return [a, b];
}

async function heal([a, b]: readonly [Node, Node]): Promise<void> {
  await a.data.peer(undefined, undefined, b.url);
  await until(() => a.data.contentHash() === b.data.contentHash(), { what: "equal contents" });
  assert.equal(a.data.getAll(), b.data.getAll());
}

/** Each write on one side, and how a subscriber on the other is told of it. */
const transactions: [string, (data: Node["data"]) => unknown, unknown[]][] = [
  ["set of a map", (data) => data.set({ id: 1 }, { id: 1, x: 1 }), ["set", { id: 1 }, { id: 1, x: 1 }]],
  ["set of scalars", (data) => data.set("k", 5), ["set", { key: "k" }, { key: "k", value: 5 }]],
  ["push", (data) => data.push({ id: 1 }, { id: 1 }), ["set", { id: 1 }, { id: 1 }]],
  [
    "getSet",
    (data) => data.getSet({ id: "old" }, { id: "old" }, { id: "old", x: 2 }),
    ["set", { id: "old" }, { id: "old", x: 2 }],
  ],
  [
    "setAll",
    (data) => data.setAll(["id"], [{ id: 1 }, { id: 2 }]),
    ["setall", ["id"], [{ id: 1 }, { id: 2 }]],
  ],
  ["unset", (data) => data.unset({ id: "old" }), ["unset", { id: "old" }, undefined]],
  ["pop", (data) => data.pop(), ["unset", { id: "older" }, undefined]],
  ["shift", (data) => data.shift(), ["unset", { id: "old" }, undefined]],
  [
    "unsetAll",
    (data) => data.unsetAll(["id"], [{ id: "old" }, { id: "older" }]),
    ["unsetall", ["id"], [{ id: "old" }, { id: "older" }]],
  ],
];

const arriving: Case[] = transactions.map(([what, write, expected]) => ({
  method: "subscribe",
  title: `${what} of a peer arrives as ${expected[0]}`,
  source: "S7",
  original: "applied by the same call there",
  here: "same",
  run: async (_, scene) => {
    const [a, b] = await pairOf(scene);
    a.data.setAll(["id"], [{ id: "old" }, { id: "older" }]);
    await a.data.waitForJobs();
    const list = calls(b.data);
    write(a.data);
    await a.data.waitForJobs();
    await b.data.waitForJobs();
    assert.equal(told(list), [expected]);
    assert.equal([list[0]?.[0], list[0]?.[7]], ["data", undefined]);
    assert.ok(Math.abs(Number(list[0]?.[5]) - Date.now()) < 60_000);
  },
}));

const arrivingOtherwise: Case[] = [
  {
    method: "subscribe",
    title: "a change from a peer has the uuid that expose returns",
    source: "S7",
    original: "the uuid of the exposure it came through",
    here: "that of the first expose, whatever way it came",
    row: "`subscribe`: uuid of a change from a peer",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      const list = calls(b.data);
      a.data.set("k", 1, undefined, "theirs");
      await a.data.waitForJobs();
      b.data.set("k", 2, undefined, "own");
      await b.data.waitForJobs();
      assert.equal(
        list.map((call) => call[6]),
        [await b.data.expose(b.server, "/data", auth), "own"],
      );
    },
  },
  {
    method: "subscribe",
    title: "several writes of one turn arrive as one setall, and as one unsetall",
    source: "S7",
    original: "one request and one call for each",
    here: "one call for what arrives together and shares its key fields",
    row: "`subscribe`: several changes from a peer",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      const list = calls(b.data);
      for (const id of [1, 2, 3]) a.data.set({ id }, { id });
      await a.data.waitForJobs();
      for (const id of [1, 2, 3]) a.data.unset({ id });
      await a.data.waitForJobs();
      await b.data.waitForJobs();
      const rows = [{ id: 1 }, { id: 2 }, { id: 3 }];
      assert.equal(told(list), [
        ["setall", ["id"], rows],
        ["unsetall", ["id"], rows],
      ]);
    },
  },
  {
    method: "subscribe",
    title: "nobody is told of the same change twice in a full mesh",
    source: "S7",
    original: "no forwarding, and so no loop",
    here: "same",
    run: async (_, scene) => {
      const mesh = await nodes(scene, 3);
      await peerAll(mesh);
      const lists = mesh.map(({ data }) => calls(data));
      mesh[0]?.data.set("k", 1);
      await until(() => mesh.every(({ data }) => data.size() === 1), { what: "the write everywhere" });
      await Promise.all(mesh.map(({ data }) => data.waitForJobs()));
      assert.equal(
        lists.map(({ length }) => length),
        [1, 1, 1],
      );
    },
  },
  {
    method: "peer",
    title: "what both sides have is exchanged first",
    source: "S7",
    original: "pulls all rows, then pushes every local entry",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      a.data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
      b.data.setAll(["id"], [{ id: 3 }]);
      await peerAll([a, b]);
      await until(() => a.data.size() === 3 && b.data.size() === 3, { what: "all on both sides" });
      assert.equal(a.data.getAll(), b.data.getAll());
    },
  },
];

const lost: Case[] = [
  {
    method: "peer",
    title: "what is written while a peer is away reaches it when it returns",
    source: "S8.1",
    original: "retry never works: every failed update is lost",
    here: "what it lacks is exchanged",
    row: "retries never run: what is written while a peer is away is lost",
    run: async (_, scene) => {
      const [a, b] = await dialled(scene);
      a.data.unpeer(b.url);
      for (let id = 0; id < 55; id++) a.data.set({ id }, { id });
      assert.is(b.data.size(), 0);
      await heal([a, b]);
      assert.is(b.data.size(), 55);
    },
  },
  {
    method: "peer",
    title: "after a partition both sides are equal",
    source: "S8.2",
    original: "they differ for ever, also in keys that both wrote",
    here: "equal, the last write of each key",
    row: "after a partition peers differ for ever",
    run: async (_, scene) => {
      const [a, b] = await dialled(scene);
      a.data.set("both", "before");
      await a.data.waitForJobs();
      a.data.unpeer(b.url);
      a.data.setAll(["id"], [{ id: 1 }]);
      b.data.setAll(["id"], [{ id: 2 }]);
      a.data.set("both", "from a", Date.now() + 10);
      b.data.set("both", "from b", Date.now() + 1_000);
      await heal([a, b]);
      assert.is(a.data.size(), 3);
      assert.equal(a.data.get("both"), { key: "both", value: "from b" });
    },
  },
  {
    method: "peer",
    title: "peers that write the same keys at the same time end equal",
    source: "S8.4",
    original: "100 of 100 end swapped",
    here: "one of the two wins, everywhere",
    row: "concurrent writes of a key end swapped",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      for (let id = 0; id < 100; id++) {
        a.data.set({ id }, { id, from: "a" });
        b.data.set({ id }, { id, from: "b" });
      }
      await until(() => a.data.contentHash() === b.data.contentHash(), { what: "equal contents" });
      assert.equal(a.data.getAll(), b.data.getAll());
      assert.is(a.data.size(), 100);
    },
  },
  {
    method: "peer",
    title: "a deletion that a peer missed happens there, and nothing comes back",
    source: "S8.5",
    original: "no tombstones: it stays there, and the stale peer brings it back here",
    here: "deleted on both",
    row: "deleted entries come back",
    run: async (_, scene) => {
      const [a, b] = await dialled(scene);
      a.data.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }]);
      await a.data.waitForJobs();
      a.data.unpeer(b.url);
      a.data.unset({ id: 1 });
      b.data.unset({ id: 2 });
      await heal([a, b]);
      assert.equal(a.data.getKeys(), [{ id: 3 }]);
    },
  },
  {
    method: "getSet",
    title: "a miss is not replicated",
    source: "S8.6",
    original: "the new value is replicated although it was not written here",
    here: "a miss writes nothing, anywhere",
    row: "a `getSet` that does not match is replicated",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.set({ id: 1 }, { id: 1, state: "new" });
      a.data.getSet({ state: "old" }, { id: 1 }, { id: 1, state: "WRONG" });
      await a.data.waitForJobs();
      assert.equal(b.data.getAll(), [{ id: 1, state: "new" }]);
    },
  },
  {
    method: "peer",
    title: "entries with different key fields arrive as they are",
    source: "S8.7",
    original: "4 entries arrive as 2, and a bogus {} comes back",
    here: "a key is a key, whatever its fields",
    row: "`peer` of entries with different key fields",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      a.data.set({ id: 1 }, { id: 1 });
      a.data.set({ id: 2 }, { id: 2 });
      a.data.set({ path: "/a" }, { path: "/a" });
      a.data.set("scalar", 5);
      const keys = a.data.getKeys();
      await peerAll([a, b]);
      await until(() => b.data.size() === 4, { what: "four entries" });
      assert.equal([a.data.getKeys(), b.data.getKeys()], [keys, keys]);
    },
  },
  {
    method: "peer",
    title: "a write goes on along a chain",
    source: "S8.10",
    original: "no forwarding: everybody must reach everybody",
    here: "peers pass on what they get",
    row: "no forwarding",
    run: async (_, scene) => {
      const [a, b, c] = await nodes(scene, 3);
      if (!a || !b || !c) throw new Error("three nodes were asked for");
      await b.data.expose(b.server, "/data", auth);
      for (const end of [a, c]) {
        await end.data.peer(undefined, undefined, b.url);
        await end.data.ready();
      }
      a.data.set("k", 1);
      await until(() => c.data.size() === 1, { what: "the write at the other end" });
      c.data.unset("k");
      await until(() => a.data.size() === 0, { what: "the removal" });
    },
  },
];

const cost: Case[] = [
  {
    method: "peer",
    title: "500 writes take no further connection",
    source: "S8.11",
    original: "a connection for every request, left open: 20,000 descriptors, then lost updates",
    here: "one connection for a pair of peers",
    row: "a connection for every request",
    run: async (_, scene) => {
      const [a, b] = await dialled(scene);
      let connections = 0;
      b.server.on("connection", () => {
        connections++;
      });
      for (let id = 0; id < 500; id++) {
        a.data.set({ id }, { id });
        if (id % 50 === 0) await a.data.waitForJobs();
      }
      await a.data.waitForJobs();
      assert.equal([b.data.size(), connections], [500, 0]);
    },
  },
  {
    method: "peer",
    title: "a peer that does not answer holds up neither peer nor writes nor others",
    source: "S8.12",
    original: "holds peer() for 20 s and each update for 10 s, then the update is lost",
    here: "its link waits, and nothing else",
    row: "a peer that does not answer loses updates",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      await b.data.expose(b.server, "/data", auth);
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
      scene.after(() => {
        silent.close();
        for (const socket of sockets) socket.destroy();
      });
      await once(silent.listen(0, "127.0.0.1"), "listening");
      const { port } = silent.address() as AddressInfo;
      const began = performance.now();
      await a.data.peer(undefined, undefined, [`http://127.0.0.1:${port}/data`, b.url]);
      await a.data.ready();
      a.data.set("k", 1);
      await until(() => b.data.size() === 1, { what: "the write at the other peer" });
      assert.ok(performance.now() - began < 5_000);
    },
  },
  {
    method: "peer",
    title: "a refused write does not look like a success",
    source: "S8.13",
    original: "200 with c: -1, which nobody looks at",
    here: "a peer without w does not send, and whenSynced tells",
    row: "a refused write, after `peer`",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      await a.data.expose(a.server, "/data", (...[, , , request]) => {
        request.channelPermission = "r";
        return true;
      });
      a.data.set("theirs", 1);
      await b.data.peer(undefined, undefined, a.url);
      await b.data.ready();
      b.data.set("mine", 1);
      await assert.rejectsCode(b.data.whenSynced({ timeout: 50 }), "timeout");
      assert.equal([a.data.size(), b.data.size()], [1, 2]);
    },
  },
];

export const replication: readonly Case[] = [...arriving, ...arrivingOtherwise, ...lost, ...cost];
