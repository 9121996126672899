import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { GROWTH } from "../src/growth/index.js";
import { writeGrowth } from "../src/growth/reports.js";
import type { GrowthResults } from "../src/growth/results.js";
import { writeDocuments } from "../src/report/write-documents.js";
import { results } from "./support.js";
import { xmlProblem } from "./xml.js";

const test = suite("bench growth", { deadlineMs: 90_000 });

const SCRIPT = join(import.meta.dirname, "..", "src", "growth.js");

function runGrowth(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

for (const { id, tinyPoints } of GROWTH.values()) {
  test(`it measures growth with ${id}`, async () => {
    const { code, stdout, stderr } = await runGrowth("--tiny", "--only", id);
    assert.is(code, 0, stderr);
    const head = tinyPoints.map((point) => point.toLocaleString("en-US")).join(" +");
    assert.match(stdout, new RegExp(`^\\w+ +${head}$`, "m"));
    assert.match(stdout, /µs of CPU +[\d.]+$/m);
    assert.not.match(stdout, / NaN| -\d/);
  });
}

test("what is not understood is refused before anything runs", async () => {
  const { code, stdout, stderr } = await runGrowth("--only", "grass");
  assert.is(code, 1);
  assert.is(stdout, "");
  assert.match(stderr, /--only: no grass; there are keys/);
  assert.match((await runGrowth("--write", "--only", "keys")).stderr, /--write needs all/);
});

test("documents of growth and of the workloads leave each other alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "chorus-growth-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "old.svg"), "");
  await writeGrowth(folder, growth());
  await writeDocuments(folder, results());
  const names = ["README.md", "growth-keys.svg", "growth.json", "growth.md"];
  assert.equal(readdirSync(folder).sort(), [...names, "overview.svg", "results.json", "sets.svg"]);
  assert.is(xmlProblem(readFileSync(join(folder, "growth-keys.svg"), "utf8")), undefined);
  const document = readFileSync(join(folder, "growth.md"), "utf8");
  assert.match(document, /^\| A set: both, µs \| 1\.5 \| – \|$/m);
  assert.match(document, /!\[Keys\]\(growth-keys\.svg\)/);
});

function growth(): GrowthResults {
  const metrics = [{ id: "set", title: "both", unit: "µs", panel: "A set" }];
  const figures = { set: [1.5, null] };
  const keys = {
    id: "keys",
    title: "Keys",
    axis: "keys",
    description: "Keys.",
    points: [10, 100],
    metrics,
    figures,
  };
  const command = "npm run bench:growth -- --write";
  return { machine: "2 cores", date: "2024-02-29", commit: "abcdef0", command, rounds: 1, series: [keys] };
}
