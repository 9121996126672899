// What a link knows of its original outlives the process, as the channel does: nothing is overwritten by what was old
// there, and nothing comes back that was deleted there.
import { assert, suite, type TestContext } from "@chorus/testing";
import { KnownRows } from "../../src/rest/known-rows.js";
import { MemoryChannel } from "../../src/rest/original-memory-channel.js";
import { canonicalRows, FakeOriginal } from "./fake-original.js";
import { type LinkedChannel, linkedChannel } from "./linked-channel.js";
import { MemoryDatabase, storedChannels } from "./memory-database.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("restarts of links to originals", { deadlineMs: 20_000 });

const URL = "http://original/data";
/** Enough for every decision: four pulls and more. */
const LONG_MS = 40_000;

const ID = { id: 1 };
const OTHER = { other: 1 };
const row = (n: number): object => ({ id: 1, n });

class Node {
  readonly runtime = new VirtualRuntime(1);
  readonly original = new FakeOriginal(this.runtime);
  readonly events: unknown[] = [];
  database = new MemoryDatabase(this.runtime);
  #here: LinkedChannel | undefined;
  #end: () => Promise<void> = async () => undefined;
  #place = "here";

  get here(): LinkedChannel {
    if (!this.#here) throw new Error("not started");
    return this.#here;
  }

  /** Links, unless the original is away, and lets everything be decided. */
  async start(lastsMs = LONG_MS): Promise<void> {
    const { runtime, original, database } = this;
    const stored = await storedChannels(database, { runtime, place: this.#place });
    const here = linkedChannel({ runtime, originals: { [URL]: original }, stored });
    here.channel.on("store", ({ failure }) => this.events.push(failure?.code));
    this.#here = here;
    this.#end = async () => {
      const closed = here.close().then(() => stored.close());
      await runtime.advance(1_000);
      await closed;
    };
    await here.peer([URL]);
    await runtime.advance(lastsMs);
  }

  async close(): Promise<void> {
    await this.#end();
    this.#here = undefined;
  }

  /** Ends the process without a word. */
  kill(): void {
    this.database = this.database.killed();
    void this.#here?.close();
  }

  /** Kept as a backup, brought back into another place. */
  restore(backup: MemoryDatabase): void {
    this.database = backup;
    this.#place = "elsewhere";
  }

  async restart(how: "close" | "kill"): Promise<void> {
    if (how === "close") await this.close();
    else this.kill();
    await this.start();
  }

  away(isAway: boolean): void {
    this.original.mood = isAway ? "down" : "up";
  }

  assertEqual(): void {
    assert.equal(this.here.rows(), canonicalRows(this.original.rows));
    assert.equal(this.here.errors, []);
  }
}

async function linked(t: TestContext, prepare: (original: FakeOriginal) => void = () => undefined) {
  const node = new Node();
  t.after(() => node.close());
  prepare(node.original);
  // One that has nothing left may have been started anew.
  node.original.set(OTHER, { other: 1 });
  await node.start();
  return node;
}

for (const how of ["close", "kill"] as const) {
  test(`a write while the original is away arrives after a restart of ours (${how})`, async (t) => {
    const node = await linked(t, (original) => original.set(ID, row(1)));
    const { runtime, original } = node;
    node.away(true);
    node.here.set(ID, row(2));
    node.here.set({ id: 3 }, { id: 3 });
    await runtime.advance(10_000);
    await (how === "close" ? node.close() : node.kill());
    await runtime.advance(60_000);
    // Later than our write, on another key: its version says nothing of the first.
    original.set({ id: 2 }, { id: 2 });
    node.away(false);
    await node.start();
    assert.equal(original.get(ID), row(2));
    assert.is(original.rows.size, 4);
    node.assertEqual();
  });

  test(`what was deleted at the original while we were down is deleted here (${how})`, async (t) => {
    const node = await linked(t, (original) => {
      for (let id = 0; id < 5; id++) original.set({ id }, { id });
    });
    await (how === "close" ? node.close() : node.kill());
    node.original.unset({ id: 2 });
    await node.start();
    assert.is(node.here.channel.size, 5);
    node.assertEqual();
    assert.equal(node.original.writes, []);
  });

  test(`what was deleted here while it was away is deleted there after a restart of ours (${how})`, async (t) => {
    const node = await linked(t, (original) => {
      for (let id = 0; id < 5; id++) original.set({ id }, { id });
    });
    node.away(true);
    node.here.unset({ id: 2 });
    await node.runtime.advance(10_000);
    await (how === "close" ? node.close() : node.kill());
    node.original.set({ id: 9 }, { id: 9 });
    node.away(false);
    await node.start();
    assert.is(node.original.rows.size, 6);
    assert.not.ok(node.original.get({ id: 2 }));
    node.assertEqual();
  });

  test(`nothing is deleted when the original started anew while we were down (${how})`, async (t) => {
    const node = await linked(t, (original) => original.set(ID, row(1)));
    for (let id = 10; id < 40; id++) node.here.set({ id }, { id });
    await node.runtime.advance(LONG_MS);
    assert.ok((node.original.counter ?? 0) > 0);
    await (how === "close" ? node.close() : node.kill());
    node.original.restart();
    await node.start();
    assert.is(node.original.rows.size, 32);
    node.assertEqual();
  });

  test(`a new start of the original is not forgotten by a restart of ours before all is compared (${how})`, async (t) => {
    const node = await linked(t);
    for (let id = 10; id < 40; id++) node.here.set({ id }, { id });
    node.original.counter = 50;
    await node.runtime.advance(LONG_MS);
    node.original.restart([[{ id: 1_000 }, { id: 1_000 }]]);
    node.original.counter = 1;
    // The new counter is seen, what is there is not.
    node.original.reply = (_, path) => (path === "/o/k" ? { status: 500, headers: {}, body: "" } : undefined);
    await node.runtime.advance(LONG_MS);
    await (how === "close" ? node.close() : node.kill());
    node.original.reply = undefined;
    await node.start();
    assert.is(node.original.rows.size, 32);
    node.assertEqual();
  });

  test(`a push whose answer got lost is no change of theirs after a restart of ours (${how})`, async (t) => {
    const node = await linked(t, (original) => original.set(ID, row(1)));
    node.original.mood = "mute";
    node.here.set(ID, row(2));
    await node.runtime.advance(100);
    assert.equal(node.original.get(ID), row(2));
    node.away(true);
    node.here.set(ID, row(3));
    await node.runtime.advance(100);
    await (how === "close" ? node.close() : node.kill());
    node.original.set({ id: 2 }, { id: 2 });
    node.away(false);
    await node.start();
    assert.equal(node.original.get(ID), row(3));
    node.assertEqual();
  });
}

test("what it wrote while we were down comes over, and the later of two writes wins", async (t) => {
  const node = await linked(t, (original) => {
    original.set(ID, row(1));
    original.set({ id: 2 }, { id: 2, n: 1 });
  });
  node.away(true);
  node.here.set({ id: 2 }, { id: 2, n: 2 });
  await node.runtime.advance(10_000);
  await node.close();
  await node.runtime.advance(10_000);
  node.original.set(ID, row(5));
  node.original.set({ id: 2 }, { id: 2, n: 3 });
  node.away(false);
  await node.start();
  assert.equal([node.original.get(ID), node.original.get({ id: 2 })], [row(5), { id: 2, n: 3 }]);
  node.assertEqual();
});

test("unpeer forgets, also while the original is away, and so do other URLs", async (t) => {
  for (const isLinked of [true, false]) {
    const node = await linked(t, (original) => original.set(ID, row(1)));
    if (!isLinked) {
      node.away(true);
      await node.restart("close");
    }
    if (isLinked) await node.here.peer([]);
    else node.here.local.replicated.peering.unpeer(URL);
    await node.runtime.advance(1_000);
    await node.close();
    node.original.unset(ID);
    node.away(false);
    await node.start();
    // As at a first contact: what it lacks it gets.
    assert.equal(node.original.get(ID), row(1), `${isLinked}`);
    node.assertEqual();
    await node.close();
  }
});

test("other credentials are no other original", async (t) => {
  const node = await linked(t, (original) => original.set(ID, row(1)));
  await node.close();
  node.original.unset(ID);
  const { runtime, original, database } = node;
  const stored = await storedChannels(database, { runtime });
  const other = "http://user:pass@original/data";
  const here = linkedChannel({ runtime, originals: { [other]: original }, stored });
  await here.peer([other]);
  await runtime.advance(LONG_MS);
  assert.is(here.channel.size, 1);
  const closed = here.close().then(() => stored.close());
  await runtime.advance(1_000);
  await closed;
});

test("a backup that is brought back meets the original for the first time", async (t) => {
  const node = await linked(t, (original) => original.set(ID, row(1)));
  await node.close();
  const backup = node.database.copy();
  await node.start();
  node.here.set(ID, row(2));
  node.here.set({ id: 2 }, { id: 2 });
  await node.runtime.advance(LONG_MS);
  await node.close();
  node.restore(backup);
  await node.start();
  assert.equal(node.original.get(ID), row(2), "what it wrote since the backup stays");
  assert.is(node.original.rows.size, 3);
  node.assertEqual();
  // And from then on it knows again.
  await node.close();
  node.original.unset(ID);
  await node.start();
  assert.is(node.here.channel.size, 2);
});

test("a copy opened once without the original does not believe it later", async (t) => {
  const node = await linked(t, (original) => original.set(ID, row(1)));
  await node.close();
  node.restore(node.database.copy());
  node.away(true);
  await node.restart("close");
  node.original.unset(ID);
  node.away(false);
  await node.restart("close");
  assert.equal(node.original.get(ID), row(1));
  node.assertEqual();
});

test("what is damaged counts as nothing, and is replaced", async (t) => {
  const node = await linked(t, (original) => original.set(ID, row(1)));
  for (const isMeant of [(place: number) => place === 0, (place: number) => place > 0, () => true]) {
    node.original.set(ID, row(1));
    await node.runtime.advance(LONG_MS);
    await node.close();
    // Of the memory, which begins so.
    assert.ok(node.database.damage((key, place) => /^[ls]\/~0000/.test(key) && isMeant(place)) > 0);
    node.original.unset(ID);
    await node.start();
    assert.equal(node.original.get(ID), row(1));
    node.assertEqual();
    await node.close();
    node.original.unset(ID);
    await node.start();
    assert.is(node.here.channel.size, 1);
    node.assertEqual();
  }
});

test("when the channel itself is damaged what was known counts as nothing", async (t) => {
  const node = await linked(t, (original) => original.set(ID, row(1)));
  node.here.set(ID, row(2));
  await node.runtime.advance(LONG_MS);
  await node.close();
  // What was written last is lost: the original must not lose it too.
  node.database.damage((key) => /^[ls]\/data/.test(key));
  await node.start();
  assert.equal(node.original.get(ID), row(2));
  assert.is(node.original.rows.size, 2);
  node.assertEqual();
});

test("what is kept at any moment tells of nothing that is not stored", async (t) => {
  const node = await linked(t);
  const { runtime, original, database } = node;
  const states: MemoryDatabase[] = [];
  // So slow that what is kept soon after could overtake it.
  database.writeMs = 200;
  database.written = () => void states.push(database.copy());
  for (let n = 1; n <= 400; n++) {
    const key = { id: runtime.pick(30) };
    const isTheirs = runtime.pick(2) === 0;
    if (isTheirs) original.set(key, { ...key, n });
    else node.here.set(key, { ...key, n });
    if (isTheirs && runtime.pick(2) === 0) node.here.receive(key, { ...key, n }, runtime.now());
    await runtime.advance(runtime.pick(5) * 100);
  }
  assert.ok(states.length > 100);
  let rows = 0;
  for (const state of states) {
    const stored = await storedChannels(state, { runtime });
    const channel = stored.open("data");
    const memory = stored.beside("data").open("ws://original/data");
    const known = new KnownRows();
    const loaded = new MemoryChannel({ memory, channel, known }).load(() => false);
    await runtime.advance(1);
    await loaded;
    for (const key of known.allKeys()) {
      const stamp = known.rowOf(key).known?.stamp ?? -1;
      assert.ok(
        stamp <= channel.stampOf(key),
        `${key} was known at ${stamp}, stored is ${channel.stampOf(key)}`,
      );
      rows++;
    }
    await runtime.advance(0);
  }
  assert.ok(rows > 100, `${rows}`);
});

test("sends nothing that the store has not taken, and all of it when it does again", async (t) => {
  const node = await linked(t);
  const { runtime, original, database } = node;
  original.requests.length = 0;
  database.failure = new Error("no");
  node.here.set(ID, row(1));
  await runtime.advance(60_000);
  assert.equal(original.writes, []);
  assert.equal(node.events, ["store-failed"]);
  assert.is(node.here.local.replicated.peering.links()[0]?.status, "synced");
  const { length } = original.requests;
  assert.ok(length <= 12, `${length} requests in a minute`);
  database.failure = undefined;
  await runtime.advance(1_500);
  assert.equal(original.get(ID), row(1));
  assert.equal(node.events, ["store-failed", undefined]);
  assert.equal(node.here.errors, []);
});

test("does not send what was written while it waited for the store", async (t) => {
  const node = await linked(t);
  const { runtime, original, database } = node;
  const storedThen: unknown[] = [];
  original.before = (method) => {
    if (method === "GET") return;
    const found = database.copy();
    void storedChannels(found, { runtime }).then((stored) => {
      storedThen.push(stored.open("data").get('{"id":1}'));
    });
  };
  const sent: unknown[] = [];
  for (let n = 1; n <= 30; n++) {
    node.here.set(ID, row(n));
    await runtime.advance(n % 3);
    sent.push(...original.bodies.splice(0).map((body) => JSON.parse(body)));
  }
  await runtime.advance(1_000);
  sent.push(...original.bodies.splice(0).map((body) => JSON.parse(body)));
  assert.equal(original.get(ID), row(30));
  assert.ok(sent.length > 3 && storedThen.length === sent.length, `${sent.length}`);
  for (const [i, value] of sent.entries()) {
    const stored = (storedThen[i] as { n?: number } | undefined)?.n ?? 0;
    assert.ok(
      stored >= (value as { n: number }).n,
      `${JSON.stringify(value)} was sent when ${stored} was stored`,
    );
  }
});
