import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { assert, suite, until } from "@chorus/testing";
import { Child } from "../src/child.js";
import type { Report } from "../src/messages.js";
import { isRunning, temporaryFolder } from "./support.js";

const test = suite("child processes", { deadlineMs: 30_000 });

test("a victim ends when the test is killed", async (t) => {
  const program = fileURLToPath(new URL("./lone-parent.js", import.meta.url));
  const parent = spawn(process.execPath, [program, temporaryFolder(t)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(String(line));
  assert.ok(isRunning(pid));
  parent.kill("SIGKILL");
  await until(() => !isRunning(pid), { what: "the victim to end" });
});

test("what a victim reported is read to the end after its kill", async (t) => {
  const reports: Report[] = [];
  const child = new Child("./victim.js", { folder: temporaryFolder(t), level: "os" }, (report) => {
    reports.push(report);
    if (report.kind === "announced" && report.first > 500) child.kill();
  });
  t.after(() => child.end());
  await child.next("listening");
  const groups = [{ prefix: "k", keys: 10 }];
  const load = { seed: 1, writer: "a", nextNumber: 1, groups, maxBurst: 5, maxPauseMs: 0, deletes: 0.1 };
  child.send({ kind: "write", load: { ...load, padBytes: 10, acknowledgesEarly: false } });
  assert.is(await child.ended, "SIGKILL");
  let next = 1;
  for (const report of reports) {
    if (report.kind !== "announced") continue;
    assert.is(report.first, next, "no announcement is missing");
    next += report.writes.length;
  }
  assert.ok(next > 500);
  assert.is(child.complaints, "");
});

test("waiting for a report of a child that ends rejects at once", async (t) => {
  const child = new Child("./victim.js", { folder: temporaryFolder(t), level: "os" }, () => undefined);
  t.after(() => child.end());
  const synced = child.next("synced");
  await child.next("started");
  child.kill();
  await synced.then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /ended before it was synced/),
  );
});
