import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Random } from "@chorus/simulation/parts";
import { assert, suite } from "@chorus/testing";
import { Child } from "../src/child.js";
import type { Load, Report } from "../src/messages.js";
import { printedSeed, temporaryFolder } from "./support.js";

const test = suite("first start", { deadlineMs: 100_000 });

const FOLDERS = 8;

const load: Load = {
  ...{ seed: 1, writer: "a", nextNumber: 1, maxBurst: 3, maxPauseMs: 0, deletes: 0, padBytes: 0 },
  groups: [{ prefix: "k", keys: 10 }],
  acknowledgesEarly: false,
};

test("a kill during the very first start leaves a folder that opens without complaint", async (t) => {
  const root = temporaryFolder(t);
  const random = new Random(printedSeed("first start"));
  let openingMs = 20;
  for (let i = 0; i < FOLDERS; i++) {
    const setup = { folder: join(root, String(i)), level: "sync" } as const;
    const failed: Report[] = [];
    const listen = (report: Report): void => void (report.kind === "failed" && failed.push(report));
    const first = new Child("./victim.js", setup, listen);
    t.after(() => first.end());
    await first.next("started");
    await pause(openingMs * random.between(0, 1.2));
    await first.end();
    const second = new Child("./victim.js", setup, listen);
    t.after(() => second.end());
    // Asked for before it can come: both reports may arrive together.
    const opened = second.next("opened");
    await second.next("started");
    const startMs = performance.now();
    assert.equal((await opened).content, []);
    openingMs = performance.now() - startMs;
    second.send({ kind: "write", load });
    await second.next("acknowledged");
    await second.end();
    assert.equal(failed, [], `folder ${i}`);
  }
});
