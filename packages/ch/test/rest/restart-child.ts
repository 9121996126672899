// A process with a data folder that is linked to an original, until it is killed: one line of JSON in for every call, one
// out when it is done. Run by the tests of restarts only.
import { createInterface } from "node:readline";
import { createCh } from "../../src/index.js";

const [data = "", url = ""] = process.argv.slice(2);
const $ch = await createCh({ data, restIntervalMs: 40, links: { backoffMinMs: 5, backoffMaxMs: 50 } });
const channel = $ch("data").create();
await channel.peer(undefined, "/data", url);
await channel.ready(10_000);
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const { key, value } = JSON.parse(line) as { key: unknown; value: unknown };
  if (value === null) channel.unset(key);
  else channel.set(key, value);
  await channel.whenDurable();
  console.log("stored");
}
