import { assert, suite, until } from "@chorus/testing";
import { spawnSync } from "node:child_process";
import { systemRuntime } from "../src/runtime.js";

const test = suite("system runtime");

test("runs what is soon before what is later, each in order", async () => {
  const order: string[] = [];
  systemRuntime.later(() => order.push("later 1"));
  systemRuntime.soon(() => order.push("soon 1"));
  systemRuntime.later(() => order.push("later 2"));
  systemRuntime.soon(() => order.push("soon 2"));
  order.push("now");
  await until(() => order.length === 5);
  assert.equal(order, ["now", "soon 1", "soon 2", "later 1", "later 2"]);
});

test("runs a timer, unless it is cancelled, which may be done twice", async () => {
  const order: string[] = [];
  const cancelled = systemRuntime.after(1, () => order.push("cancelled"));
  const ran = systemRuntime.after(5, () => order.push("ran"));
  cancelled.cancel();
  cancelled.cancel();
  await until(() => order.length > 0);
  ran.cancel();
  assert.equal(order, ["ran"]);
});

test("has a wall clock, and another that never goes back", () => {
  assert.ok(Math.abs(systemRuntime.now() - Date.now()) < 1_000);
  let before = systemRuntime.elapsed();
  for (let i = 0; i < 1_000; i++) {
    const now = systemRuntime.elapsed();
    assert.ok(now >= before);
    before = now;
  }
});

test("gives ids of 53 bits, never the same, and chances below 1", () => {
  const ids = Array.from({ length: 2_000 }, () => systemRuntime.newId());
  assert.is(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => Number.isSafeInteger(id) && id >= 0));
  assert.ok(ids.some((id) => id >= 2 ** 48));
  for (let i = 0; i < 1_000; i++) {
    const chance = systemRuntime.random();
    assert.ok(chance >= 0 && chance < 1);
  }
});

test("lets a process end while background timers wait, but not while others do", () => {
  const module = new URL("../src/runtime.js", import.meta.url).href;
  const code = `import { systemRuntime as r } from ${JSON.stringify(module)};
    r.after(3_600_000, () => undefined, { background: true });
    r.after(20, () => console.log("waited"));`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    timeout: 8_000,
  });
  assert.is(status, 0);
  assert.is(stdout.trim(), "waited");
});
