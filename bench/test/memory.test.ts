import { execFile } from "node:child_process";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";

const test = suite("bench memory", { deadlineMs: 60_000 });

const SCRIPT = join(import.meta.dirname, "..", "src", "memory.js");

test("it finds one struct and one holder for each key, at both ends", async () => {
  const { error, stdout } = await weigh("2000");
  assert.is(error, null);
  for (const kind of ["Item", "ID", "Holder"]) {
    assert.match(
      stdout,
      new RegExp(`^${kind}, .* (0\\.9\\d|1\\.0\\d) +\\d+\\.\\d +(0\\.9\\d|1\\.0\\d) `, "m"),
    );
  }
});

test("a wrong number of keys is refused", async () => {
  const { error, stdout } = await weigh("few");
  assert.ok(error !== null);
  assert.is(stdout, "");
});

function weigh(keys: string): Promise<{ error: Error | null; stdout: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["--expose-gc", SCRIPT, keys], (error, stdout) => resolve({ error, stdout }));
  });
}
