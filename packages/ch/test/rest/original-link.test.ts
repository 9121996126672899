import { assert, suite } from "@chorus/testing";
import type { FakeOriginal } from "./fake-original.js";
import type { LinkedChannel } from "./linked-channel.js";
import { assertEqual, INTERVAL_MS, setUp, TWO_PULLS_MS, URL } from "./linked-original.js";
import { START_MS } from "./virtual-runtime.js";

const test = suite("link to an original", { deadlineMs: 20_000 });

const statusesOf = ({ statuses }: LinkedChannel): string[] =>
  statuses.map((line) => line.split(" ")[1] ?? "");

test("takes over rows with keys of several shapes, each under its own", async (t) => {
  const { original, here, link } = await setUp(t, (fake) => {
    fake.set({ key: "k1" }, { key: "k1", value: 1 });
    fake.set({ id: 1 }, { id: 1, a: "x" });
    fake.set({ id: 1, n: 2 }, { id: 1, n: 2, a: "y" });
    fake.set({ other: true }, { nothing: "of the key" });
    fake.set({ list: 1 }, [1, 2]);
    fake.set({ id: 5 }, { id: 7, contradicts: true });
  });
  await link();
  assertEqual(original, here);
  assert.is(here.channel.size, 6);
  assert.equal(original.writes, []);
  assert.equal(here.errors, []);
  assert.ok(here.told.every(([, , , uuid]) => uuid === "uuid"));
});

test("goes through the statuses of a link", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  assert.equal(statusesOf(here), ["connecting", "offline", "connecting", "syncing", "synced"]);
  assert.equal(here.local.replicated.peering.links(), [{ url: URL, status: "synced", dialect: "openaf" }]);
  here.statuses.length = 0;
  original.mood = "down";
  await runtime.advance(INTERVAL_MS * 1.2);
  original.mood = "up";
  await runtime.advance(30_000);
  here.local.replicated.peering.unpeer(URL);
  await runtime.advance(1);
  const seen = statusesOf(here);
  assert.equal(seen.slice(0, 2), ["offline", "connecting"]);
  assert.equal(seen.slice(-4), ["connecting", "syncing", "synced", "closed"]);
  assert.is(original.connections, 0);
});

test("sends what is written here in order, collapsed, rows together", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  original.requests.length = 0;
  here.set({ a: 1 }, { a: 1, v: "first" });
  for (let v = 0; v < 10; v++) here.set("k", v);
  here.set({ id: 1 }, { id: 1 });
  here.set({ id: 2 }, { id: 2 });
  here.set({ gone: 1 }, { gone: 1 });
  here.unset({ gone: 1 });
  await runtime.advance(10);
  assertEqual(original, here);
  assert.equal(original.requests, [
    `PUT /o/e/k/{"a":1}/t/${START_MS + 100}`,
    `PUT /o/e/k/{"key":"k"}/t/${START_MS + 100}`,
    `PUT /o/a/k/["id"]/t/${START_MS + 100}`,
  ]);
  here.unset({ a: 1 });
  await runtime.advance(10);
  assert.is(original.writes.at(-1), `DELETE /o/e/k/{"a":1}/t/${runtime.now() - 10}`);
  assertEqual(original, here);
});

test("sends 1,200 rows in three requests, and removals once the counter allows it", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  original.counter = 20;
  for (let id = 0; id < 1_200; id++) here.set({ id }, { id });
  await runtime.advance(10);
  assert.is(original.writes.length, 3);
  assertEqual(original, here);
  for (let id = 0; id < 1_200; id++) here.unset({ id });
  await runtime.advance(10);
  assert.is(original.writes.length, 6);
  assert.is(original.rows.size, 0);
  await runtime.advance(TWO_PULLS_MS);
  assertEqual(original, here);
});

test("asks once per interval while nothing changes", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => fake.set({ id: 1 }, { id: 1 }));
  await link();
  await runtime.advance(TWO_PULLS_MS);
  original.requests.length = 0;
  await runtime.advance(100 * INTERVAL_MS);
  assert.ok(original.requests.length <= 100 && original.requests.length >= 85, `${original.requests.length}`);
  assert.ok(original.requests.every((request) => request === "GET /o/l"));
  assert.equal(here.errors, []);
});

test("sends back nothing that came from an original", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  for (let id = 0; id < 20; id++) {
    original.set({ id }, { id, by: "original" });
    if (id % 2 === 0) here.receive({ id }, { id, by: "original" }, original.now());
    await runtime.advance(700);
  }
  await runtime.advance(2 * TWO_PULLS_MS);
  assertEqual(original, here);
  assert.equal(original.writes, []);
});

test("sends nothing back that an original tells while it is being read", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => fake.set({ id: 1 }, { id: 1, n: 0 }));
  await link();
  let n = 0;
  original.before = (_, path) => {
    if (path !== "/o/a" || n >= 5) return;
    // After it was read, before it is compared.
    runtime.after(0, () => {
      original.set({ id: 1 }, { id: 1, n: ++n });
      here.receive({ id: 1 }, { id: 1, n }, original.now());
    });
  };
  here.local.replicated.peering.changedElsewhere([]);
  await runtime.advance(20 * INTERVAL_MS);
  assert.is(n, 5);
  assert.equal(original.writes, []);
  assertEqual(original, here);
});

test("waits no longer for a key that was to be looked at again, and is gone on both sides by then", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  original.mood = "down";
  await runtime.advance(TWO_PULLS_MS);
  here.set({ id: 1 }, { id: 1 });
  original.before = (_, path) => {
    if (path !== "/o/a") return;
    original.before = undefined;
    // After it was read, before it is compared; it loses against what is here.
    runtime.after(0, () => here.receive({ id: 1 }, { id: 1, old: true }, 1));
  };
  original.mood = "up";
  for (let ms = 0; ms < 60_000 && original.before !== undefined; ms += 10) await runtime.advance(10);
  await runtime.advance(10);
  const { peering } = here.local.replicated;
  let isAcknowledged = false;
  void peering.whenAcknowledged(-1).then(() => {
    isAcknowledged = true;
  });
  await runtime.advance(10);
  assert.not(isAcknowledged, "the key is held back");
  assert.equal(original.writes, []);
  here.channel.delete('{"id":1}');
  peering.changedElsewhere(['{"id":1}']);
  await runtime.advance(TWO_PULLS_MS);
  assert.ok(isAcknowledged);
  assertEqual(original, here);
});

test("repairs what an original did not get through, removals included", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    for (let id = 0; id < 5; id++) fake.set({ id }, { id });
  });
  await link();
  here.set({ id: 9 }, { id: 9 });
  await runtime.advance(10);
  original.set({ id: 1 }, { id: 1, changed: true });
  original.unset({ id: 2 });
  original.set({ id: 7 }, { id: 7 });
  original.unset({ id: 9 });
  await runtime.advance(TWO_PULLS_MS);
  assertEqual(original, here);
  assert.is(here.channel.size, 5);
  assert.is(original.writes.length, 1);
});

test("brings everything over after it was offline, writes on both sides", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    for (let id = 0; id < 6; id++) fake.set({ id }, { id });
  });
  await link();
  original.mood = "down";
  await runtime.advance(TWO_PULLS_MS);
  here.set({ id: 0 }, { id: 0, by: "here" });
  here.unset({ id: 1 });
  here.set({ id: 10 }, { id: 10 });
  original.set({ id: 2 }, { id: 2, by: "there" });
  original.unset({ id: 3 });
  original.set({ id: 11 }, { id: 11 });
  original.set({ id: 4 }, { id: 4, by: "there, before" });
  here.set({ id: 5 }, { id: 5, by: "here, before" });
  await runtime.advance(60_000);
  here.set({ id: 4 }, { id: 4, by: "here, after" });
  await runtime.advance(60_000);
  original.set({ id: 5 }, { id: 5, by: "there, after" });
  const before = original.requests.length;
  await runtime.advance(600_000);
  assert.ok(
    original.requests.length - before < 80,
    `${original.requests.length - before} requests in 10 minutes`,
  );
  original.mood = "up";
  await runtime.advance(35_000 + TWO_PULLS_MS);
  assertEqual(original, here);
  const values = [0, 2, 5].map((id) => (original.get({ id }) as { by: string }).by);
  assert.equal(values, ["here", "there", "there, after"]);
  assert.equal(
    [1, 3].filter((id) => original.get({ id }) !== undefined),
    [],
  );
  assert.is(original.rows.size, 6);
});

for (const later of [1, 100]) {
  test(`an update that was sent, whose answer got lost, never wins over the next ${later}`, async (t) => {
    const { runtime, original, here, link } = await setUp(t);
    await link();
    original.mood = "mute";
    here.set({ id: 1 }, { id: 1, n: 0 });
    await runtime.advance(10);
    assert.equal(original.get({ id: 1 }), { id: 1, n: 0 });
    for (let n = 1; n <= later; n++) {
      here.set({ id: 1 }, { id: 1, n });
      await runtime.advance(1_000);
    }
    // The version is later than the last write now.
    original.set({ id: 2 }, { id: 2 });
    original.mood = "up";
    await runtime.advance(60_000);
    assertEqual(original, here);
    assert.equal(original.get({ id: 1 }), { id: 1, n: later });
  });
}

for (const aheadMs of [-3_600_000, 3_600_000]) {
  test(`a clock ${aheadMs / 60_000} minutes ahead decides nothing`, async (t) => {
    const { runtime, original, here, link } = await setUp(t, (fake) => {
      fake.aheadMs = aheadMs;
      fake.set({ id: 1 }, { id: 1, n: 0 });
    });
    await link();
    here.set({ id: 9 }, { id: 9 });
    await runtime.advance(10);
    // Theirs is later, and was written over what we know they had.
    here.set({ id: 1 }, { id: 1, n: 1 });
    await runtime.advance(1_000);
    original.set({ id: 1 }, { id: 1, n: 2 });
    await runtime.advance(TWO_PULLS_MS);
    assert.equal(here.channel.get('{"id":1}'), { id: 1, n: 2 });
    // Both changed while they did not see each other: the later one wins.
    for (const [first, second] of [
      ["here", "there"],
      ["there", "here"],
    ]) {
      original.mood = "down";
      await runtime.advance(TWO_PULLS_MS);
      for (const by of [first, second]) {
        if (by === "here") here.set({ id: 1 }, { id: 1, by, second });
        else original.set({ id: 1 }, { id: 1, by, second });
        await runtime.advance(20_000);
      }
      original.mood = "up";
      await runtime.advance(30_000 + 2 * TWO_PULLS_MS);
      assert.equal(here.channel.get('{"id":1}'), { id: 1, by: second, second });
      assertEqual(original, here);
    }
  });
}

test("a write that answers one of ours wins although its clock is a little behind", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    fake.aheadMs = -400;
  });
  await link();
  here.set({ id: 1 }, { id: 1, state: "asked" });
  await runtime.advance(10);
  original.set({ id: 1 }, { id: 1, state: "done" });
  // Its own message says so, and is older here than what it answers.
  here.receive({ id: 1 }, { id: 1, state: "done" }, original.now());
  assert.equal(here.channel.get('{"id":1}'), { id: 1, state: "asked" });
  await runtime.advance(TWO_PULLS_MS);
  assert.equal(here.channel.get('{"id":1}'), { id: 1, state: "done" });
  assertEqual(original, here);
});

test("sees a change in the millisecond of another that it has read", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => fake.set({ id: 1 }, { id: 1 }));
  await link();
  let version = 0;
  original.before = (_, path) => {
    if (path === "/o/l") version = original.version;
  };
  original.set({ id: 1 }, { id: 1, n: 1 });
  here.receive({ id: 1 }, { id: 1, n: 1 }, original.now());
  await runtime.advance(INTERVAL_MS * 1.13);
  original.rows.set('{"id":1}', { id: 1, n: 2 });
  assert.is(original.version, version, "the version stays");
  await runtime.advance(3 * TWO_PULLS_MS);
  assertEqual(original, here);
});

test("deletes nothing when the original starts again with nothing", async (t) => {
  for (const hasCounter of [true, false]) {
    const { runtime, original, here, link } = await setUp(t, (fake) => {
      for (let id = 0; id < 20; id++) fake.set({ id }, { id });
    });
    await link();
    if (hasCounter) here.set({ id: 20 }, { id: 20 });
    await runtime.advance(TWO_PULLS_MS);
    const { size } = here.channel;
    original.restart();
    await runtime.advance(TWO_PULLS_MS);
    assert.is(here.channel.size, size);
    assertEqual(original, here);
    // And what it deletes from then on is deleted.
    original.unset({ id: 3 });
    await runtime.advance(2 * TWO_PULLS_MS);
    assert.is(here.channel.size, size - 1);
    assertEqual(original, here);
  }
});

test("deletes nothing when it starts again between two looks, and a busy client raises its counter at once", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  for (let id = 0; id < 100; id++) here.set({ id }, { id });
  await runtime.advance(TWO_PULLS_MS);
  original.restart();
  for (let n = 1; n <= 20; n++) original.set({ busy: 1 }, { busy: 1, n });
  original.counter = 20;
  await runtime.advance(2 * TWO_PULLS_MS);
  assert.is(here.channel.size, 101);
  assertEqual(original, here);
});

test("deletes nothing when it fails again while it is filled anew", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  for (let id = 0; id < 1_300; id++) here.set({ id }, { id });
  await runtime.advance(TWO_PULLS_MS);
  original.restart();
  original.before = (method) => {
    if (method === "PUT" && original.rows.size >= 500) original.mood = "down";
  };
  await runtime.advance(TWO_PULLS_MS);
  assert.is(original.mood, "down");
  original.before = undefined;
  original.mood = "up";
  await runtime.advance(60_000);
  assert.is(here.channel.size, 1_300);
  assertEqual(original, here);
});

test("an original that comes back with its old rows gets what it missed", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  here.set({ id: 1 }, { id: 1, n: 1 });
  here.set({ id: 2 }, { id: 2, n: 1 });
  await runtime.advance(TWO_PULLS_MS);
  original.mood = "down";
  await runtime.advance(TWO_PULLS_MS);
  here.set({ id: 1 }, { id: 1, n: 2 });
  await runtime.advance(10_000);
  original.restart([
    [{ id: 1 }, { id: 1, n: 1 }],
    [{ id: 2 }, { id: 2, n: 1 }],
  ]);
  original.mood = "up";
  await runtime.advance(60_000);
  assert.equal(original.get({ id: 1 }), { id: 1, n: 2 });
  assertEqual(original, here);
});

test("a new link to an original that it knew before deletes nothing", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  here.set({ id: 1 }, { id: 1 });
  here.set({ id: 2 }, { id: 2 });
  await runtime.advance(TWO_PULLS_MS);
  here.local.replicated.peering.unpeer(URL);
  original.unset({ id: 1 });
  original.set({ id: 2 }, { id: 2, n: 2 });
  await runtime.advance(1_000);
  await link();
  await runtime.advance(TWO_PULLS_MS);
  assertEqual(original, here);
  assert.is(here.channel.size, 2);
  assert.equal(here.channel.get('{"id":2}'), { id: 2, n: 2 });
});

test("reports refused writes once, keeps them, and sends them when it may", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    fake.permission = "r";
  });
  await link();
  for (let id = 0; id < 50; id++) here.set("k", id);
  here.set({ id: 1 }, { id: 1 });
  await runtime.advance(100 * INTERVAL_MS);
  assert.equal(
    here.errors.map(({ code }) => code),
    ["write-refused"],
  );
  assert.ok(original.writes.length <= 110, `${original.writes.length} writes`);
  await here.local.whenSettled(1_000);
  original.permission = "rw";
  await runtime.advance(TWO_PULLS_MS);
  assertEqual(original, here);
});

test("is unauthorized while reading is refused or the credentials are wrong", async (t) => {
  for (const refuse of [
    (fake: FakeOriginal) => {
      fake.permission = "w";
    },
    (fake: FakeOriginal) => {
      fake.reply = () => ({ status: 401, headers: {}, body: "" });
    },
  ]) {
    const { runtime, original, here, link } = await setUp(t);
    await link();
    refuse(original);
    const before = original.requests.length;
    await runtime.advance(300_000);
    assert.is(here.statuses.at(-1), `${URL} unauthorized`);
    assert.ok(original.requests.length - before < 15);
    original.permission = "rw";
    original.reply = undefined;
    await runtime.advance(300_000);
    assert.is(here.statuses.at(-1), `${URL} synced`);
  }
});

test("answers of another make are failures that harm nothing", async (t) => {
  const bodies = ["{}", "rubbish", "", "null", "[]", '{"l":1,"v":"x","r":[]}', '{"l":1,"v":1,"c":{},"r":[]}'];
  const { runtime, original, here, link } = await setUp(t, (fake) => fake.set({ id: 1 }, { id: 1 }));
  await link();
  for (const body of bodies.concat('{"l":1,"v":1,"r":{}}')) {
    original.reply = (_, path) =>
      body !== '{"l":1,"v":1,"r":{}}' || path !== "/o/l" ? { status: 200, headers: {}, body } : undefined;
    original.version++;
    await runtime.advance(40_000);
    here.set({ id: 2 }, { id: 2, body });
    await runtime.advance(40_000);
    assert.ok(!here.statuses.at(-1)?.endsWith("synced"), body);
    assert.is(here.channel.size, 2);
  }
  assert.ok(here.errors.every(({ code }) => code === "protocol") && here.errors.length === 1);
  original.reply = undefined;
  await runtime.advance(60_000);
  assertEqual(original, here);
});

test("leaves out rows that cannot be stored, reports them once and never deletes them there", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    fake.set({ id: 1 }, { id: 1 });
    fake.set({ id: 2 }, { id: 2, text: "x".repeat(2_000_000) });
    fake.set({ id: "y".repeat(5_000) }, { long: true });
    fake.set({}, { a: 1, bogus: true });
  });
  await link();
  await runtime.advance(20 * INTERVAL_MS);
  assert.is(here.channel.size, 1);
  assert.is(original.rows.size, 4);
  assert.equal(original.writes, []);
  assert.equal(
    here.errors.map(({ code }) => code),
    ["invalid-value"],
  );
});

test("asks a slow original less often, and a silent one not at all", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    fake.delayMs = 10_000;
    fake.set({ id: 1 }, { id: 1 });
  });
  await link();
  await runtime.advance(3_600_000);
  // An answer takes 10 s, and then nothing is asked for 20 s.
  assert.ok(original.requests.length <= 3_600 / 30, `${original.requests.length} requests`);
  assertEqual(original, here);
  here.set({ id: 2 }, { id: 2 });
  await runtime.advance(50_000);
  assertEqual(original, here);
  original.mood = "silent";
  const before = original.requests.length;
  here.set({ id: 3 }, { id: 3 });
  await runtime.advance(3_600_000);
  assert.is(original.requests.length, before + 1);
});

test("writes during a pull are sent, not lost and not overwritten", async (t) => {
  const { runtime, original, here, link } = await setUp(t, (fake) => {
    fake.delayMs = 200;
    for (let id = 0; id < 10; id++) fake.set({ id }, { id, n: 0 });
  });
  await link();
  await runtime.advance(2_000);
  original.set({ id: 99 }, { id: 99 });
  let n = 0;
  for (let step = 0; step < 400; step++) {
    here.set({ id: step % 10 }, { id: step % 10, n: ++n });
    if (step % 7 === 0) here.unset({ id: (step + 3) % 10 });
    await runtime.advance(37);
  }
  const wanted = here.rows();
  await runtime.advance(3 * TWO_PULLS_MS);
  assertEqual(original, here);
  assert.equal(
    here.rows().filter((row) => !row.includes("99")),
    wanted.filter((row) => !row.includes("99")),
  );
});

test("ends during a pull and during a push without writing anything more", async (t) => {
  for (const during of ["GET /o/l", "GET /o/k", "GET /o/a", "PUT"]) {
    const { runtime, original, here, link } = await setUp(t, (fake) => {
      fake.set({ id: 1 }, { id: 1 });
    });
    let ended = false;
    original.before = (method, path) => {
      if (ended || !`${method} ${path}`.startsWith(during)) return;
      ended = true;
      here.local.replicated.peering.unpeer(URL);
    };
    here.set({ id: 2 }, { id: 2 });
    await link();
    await runtime.advance(20 * INTERVAL_MS);
    assert.ok(ended, during);
    assert.is(original.connections, 0);
    assert.is(here.statuses.at(-1), `${URL} closed`);
    assert.is(here.channel.size, during === "PUT" ? 2 : 1);
    assert.equal(here.errors, []);
  }
});

test("ready and waitForJobs wait for the original", async (t) => {
  const { runtime, original, here } = await setUp(t, (fake) => {
    fake.delayMs = 50;
    fake.set({ id: 1 }, { id: 1 });
  });
  await here.peer([URL]);
  const ready = here.local.replicated.peering.whenReady(-1).then(() => assert.is(here.channel.size, 1));
  await runtime.advance(1_000);
  await ready;
  here.set({ id: 2 }, { id: 2 });
  const settled = here.local.whenSettled(-1).then(() => assert.is(original.rows.size, 2));
  await runtime.advance(1_000);
  await settled;
});
