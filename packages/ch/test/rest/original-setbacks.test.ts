import { assert, suite } from "@chorus/testing";
import { urlSource } from "../../src/peer-urls.js";
import { DirtyKeys } from "../../src/rest/dirty-keys.js";
import { assertEqual, INTERVAL_MS, setUp, TWO_PULLS_MS, URL, WITH_PASSWORD } from "./linked-original.js";

const test = suite("setbacks of a link to an original", { deadlineMs: 20_000 });

test("a key that waits for a second look is not sent because its time has come", () => {
  const dirty = new DirtyKeys();
  dirty.written("k");
  dirty.setAside("k");
  dirty.owed("k");
  assert.not.ok(dirty.hasSendable);
  assert.ok(dirty.isDone(dirty.writes));
  dirty.hold("k");
  dirty.postpone("k");
  assert.not.ok(dirty.hasSendable);
  dirty.owed("k");
  assert.equal([...dirty.sendable()], ["k"]);
  dirty.setAside("k");
  dirty.postpone("k");
  assert.equal([...dirty.sendable()], ["k"]);
  assert.is(dirty.of("k"), 1);
});

for (const kind of ["another status", "a text", "a broken connection"]) {
  test(`an entry that it does not take, with ${kind}, holds up no other one`, async (t) => {
    const { runtime, original, here, link } = await setUp(t);
    await link();
    let isBroken = true;
    original.before = (method, path) => {
      const isMeant = isBroken && method === "PUT" && path.includes("poison");
      original.mood = isMeant && kind === "a broken connection" ? "mute" : "up";
    };
    original.reply = (method, path) => {
      if (!isBroken || method !== "PUT" || !path.includes("poison")) return undefined;
      return { status: kind === "another status" ? 413 : 200, headers: {}, body: "too large" };
    };
    here.set({ poison: 1 }, { poison: 1 });
    for (let id = 0; id < 10; id++) here.set({ id }, { id });
    await runtime.advance(300_000);
    assert.is(original.rows.size, 10);
    assert.equal(
      here.errors.map(({ code }) => code),
      ["write-refused"],
    );
    assert.equal(here.local.replicated.peering.links(), [{ url: URL, status: "synced", dialect: "openaf" }]);
    await here.local.replicated.peering.whenAcknowledged(0);
    original.requests.length = 0;
    await runtime.advance(600_000);
    assert.ok(original.writes.length <= 6, `${original.writes.length} attempts in ten minutes`);
    isBroken = false;
    await runtime.advance(4_000_000);
    assertEqual(original, here);
  });
}

test("sends rows in smaller requests to one that takes no large ones", async (t) => {
  const { runtime, original, here, link } = await setUp(t);
  await link();
  const most = 1_048_576;
  original.reply = (method) => {
    const bytes = Buffer.byteLength(original.bodies.at(-1) ?? "");
    return method === "PUT" && bytes > most ? { status: 413, headers: {}, body: "too large" } : undefined;
  };
  for (let id = 0; id < 500; id++) here.set({ id }, { id, text: "日".repeat(1_500) });
  await runtime.advance(INTERVAL_MS);
  assertEqual(original, here);
  assert.is(original.rows.size, 500);
  assert.equal(here.errors, []);
});

test("a link that ends for a while does not forget what the original held", async (t) => {
  const leave: {
    [how: string]: (set: Awaited<ReturnType<typeof setUp>>) => Promise<() => Promise<unknown>>;
  } = {
    "a function leaves it out": async ({ runtime, here }) => {
      let urls = [URL];
      const { peering } = here.local.replicated;
      await peering.peer(
        { portOrServer: undefined, path: "/data" } as never,
        urlSource(() => urls),
      );
      urls = [];
      await runtime.advance(31_000);
      return async () => {
        urls = [URL];
      };
    },
    "a Chorus node answers": async ({ runtime, original }) => {
      original.reply = () => ({ status: 404, headers: { "chorus-protocol": "chorus.1" }, body: "" });
      await runtime.advance(TWO_PULLS_MS);
      return async () => {
        original.reply = undefined;
      };
    },
    "other credentials": async ({ runtime, original, here }) => {
      original.mood = "down";
      await runtime.advance(TWO_PULLS_MS);
      return async () => {
        original.mood = "up";
        await here.peer([WITH_PASSWORD]);
      };
    },
  };
  for (const [how, end] of Object.entries(leave)) {
    const set = await setUp(t);
    const { runtime, original, here, link } = set;
    await link();
    here.set({ id: 1 }, { id: 1, n: 1 });
    here.set({ id: 2 }, { id: 2 });
    await runtime.advance(TWO_PULLS_MS);
    const back = await end(set);
    here.set({ id: 1 }, { id: 1, n: 2 });
    here.unset({ id: 2 });
    await runtime.advance(1_000);
    original.set({ other: 1 }, { other: 1 });
    await back();
    await runtime.advance(200_000);
    assertEqual(original, here);
    assert.equal(here.rows(), ['{"id":1} {"id":1,"n":2}', '{"other":1} {"other":1}'], how);
  }
});
