import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import type { Results } from "../src/report/results.js";

const test = suite("bench command", { deadlineMs: 60_000 });

const SCRIPT = join(import.meta.dirname, "..", "src", "bench.js");

interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runBench(...args: string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test("it prints a table and writes the results as JSON", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "chorus-bench-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const json = join(folder, "results.json");
  const { code, stdout, stderr } = await runBench(
    ...["--tiny", "--only", "tight-loop", "--systems", "wire,chorus", "--json", json],
  );
  assert.is(code, 0, stderr);
  assert.match(stdout, /^Chorus +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$/m);
  const { workloads, versions, machine } = JSON.parse(readFileSync(json, "utf8")) as Results;
  assert.equal(
    workloads.map(({ id, systems }) => [id, systems.map((system) => system.id)]),
    [["tight-loop", ["wire", "chorus"]]],
  );
  assert.ok(versions.yjs !== undefined && machine.includes("Node"));
});

test("a wrong argument ends it with 1 before anything runs", async () => {
  const { code, stdout, stderr } = await runBench("--only", "nothing");
  assert.is(code, 1);
  assert.is(stdout, "");
  assert.match(stderr, /--only: no nothing/);
});
