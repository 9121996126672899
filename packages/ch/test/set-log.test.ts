import { assert, suite, until } from "@chorus/testing";
import { chSettings } from "../src/options.js";
import { Registry } from "../src/registry.js";
import type { AuditEvent, ChEvents } from "../src/types.js";
import { createCh } from "../src/index.js";

const test = suite("setLog");

const EVENT = { name: "data", op: "SET", request: {}, user: "me" } as AuditEvent;

function create(t: { after(task: () => unknown): void }) {
  const registry = new Registry(chSettings({}));
  t.after(() => registry.close());
  const errors: ChEvents["error"][] = [];
  registry.on("error", (event) => errors.push(event));
  return { registry, errors };
}

test("refuses what is no function, and keeps the one it has", (t) => {
  const { registry } = create(t);
  const told: AuditEvent[] = [];
  registry.setLog((event: AuditEvent) => void told.push(event));
  assert.throwsCode(() => registry.setLog("log"), "invalid-option");
  registry.audit(EVENT);
  assert.equal(told, [EVENT]);
  registry.setLog(undefined);
  registry.audit(EVENT);
  assert.is(told.length, 1);
});

test("reports what the function throws or rejects with, without a word of it", async (t) => {
  const { registry, errors } = create(t);
  registry.setLog(() => {
    throw new Error("Basic secret");
  });
  registry.audit(EVENT);
  registry.setLog(() => Promise.reject(new Error("Basic secret")));
  registry.audit(EVENT);
  await until(() => errors.length === 2, { what: "both failures" });
  for (const { channel, error } of errors) {
    assert.equal([channel, error.code, error.cause], ["data", "listener-failed", undefined]);
    assert.not.match(error.message, /secret/);
  }
});

test("is there on $ch", async () => {
  const $ch = createCh();
  $ch.setLog(() => undefined);
  $ch.setLog(undefined);
  $ch.setLog();
  assert.throwsCode(() => $ch.setLog(5 as never), "invalid-option");
  await $ch.close();
});
