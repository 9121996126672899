// Runs every case of the tables in conformance/ as a test of its own, for each type of channel, in a registry of its own.
import { suite, type TestContext } from "@chorus/testing";
import { type ChEvents, createCh } from "../src/index.js";
import { type Case, type ChannelType, TYPES } from "./conformance/cases.js";
import { tables } from "./conformance/tables.js";

for (const type of TYPES) {
  const test = suite(`conformance of type ${type}`, { deadlineMs: 20_000 });
  for (const one of tables.flat()) {
    if (one.types?.includes(type) === false) continue;
    test(`${one.method}: ${one.title} (${one.source})`, (t) => run(one, type, t));
  }
}

async function run(one: Case, type: ChannelType, { after }: TestContext): Promise<void> {
  const ch = createCh();
  after(() => ch.close());
  const errors: ChEvents["error"][] = [];
  ch.on("error", (event) => errors.push(event));
  await one.run(ch("data").create(type), { ch, type, errors, after });
}
