// However a byte of a store's files is flipped: it opens, and what is intact is kept. What is checked each time stands in
// damaged-store.ts.
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { checkRounds, type Damaging, openAll, prepare, restoreWith } from "./damaged-store.js";
import { FAST, makeFolder } from "./store-helpers.js";

const test = suite("store damage", { deadlineMs: 120_000 });

const flip: Damaging = (bytes, random) => {
  const at = random(bytes.length);
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] as number) ^ (1 + random(255));
  return { bytes: flipped, what: `byte ${at} flipped` };
};

test("a store with a flipped byte opens, 1,000 times", (t) =>
  checkRounds(t, { damage: flip, seed: 20_261, least: 0.9 }));

test("nothing is reported of a store that was left as it was", async (t) => {
  const prepared = await prepare(join(makeFolder(t, FAST), "store"));
  restoreWith(prepared, "", undefined);
  const opened = await openAll(prepared.folder);
  const findings = [...opened.findings, ...opened.restored.flatMap((each) => each.findings)];
  await opened.close();
  assert.equal(findings.map(String), []);
});
