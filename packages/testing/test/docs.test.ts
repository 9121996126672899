// scripts/check-docs.js proven able to fail, and to pass.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import type { TestContext } from "../src/suite.js";
import { temporaryFolder } from "./trap-helper.js";

const test = suite("docs", { deadlineMs: 60_000 });
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const fence = "```";

function check(t: TestContext, readme: string): { code: number | null; output: string } {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "docs"));
  writeFileSync(join(folder, "package.json"), `{ "scripts": { "demo": "x" } }`);
  writeFileSync(join(folder, "README.md"), readme);
  writeFileSync(join(folder, "docs/other.md"), "# Other\n\n## Two words\n");
  const script = join(root, "scripts/check-docs.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
  return { code: status, output: stdout + stderr };
}

const block = (info: string, text: string): string => `${fence}${info}\n${text}\n${fence}\n`;

const wrong = [
  [
    "a block that does not compile",
    block("ts", `const text: number = "1";`),
    "readme-line-2.ts(2,7): error TS2322",
  ],
  ["a block marked no-run that does not compile", block("ts no-run", "absent();"), "error TS2304"],
  ["a block that throws", block("ts", `if (Date.now() > 0) throw new Error("boom");`), "boom"],
  ["a block that rejects", block("js", `await Promise.reject(new Error("boom"));`), "boom"],
  ["a block that exits with a code", block("js", "process.exit(3);"), "exit code 3"],
  ["a fence that is never closed", `${fence}ts\nlet a;\n`, "never closed"],
  ["a link to nowhere", "[x](docs/absent.md)", "README.md:1: the link docs/absent.md leads nowhere"],
  ["a link to no heading", "[x](docs/other.md#three)", "names a heading that does not exist"],
  ["a command that does not exist", block("sh", "npm run absent"), `there is no npm script "absent"`],
] as const;

for (const [name, readme, says] of wrong) {
  test(`reports ${name}`, (t) => {
    const { code, output } = check(t, readme);
    assert.match(output, says);
    assert.match(output, /, 1 problems\n$/);
    assert.is(code, 1);
  });
}

test("passes a document in order", (t) => {
  const readme = [
    "[a](docs/other.md#two-words) [b](https://example.org) `[c](nowhere)`\n",
    block("ts", `import { setTimeout } from "node:timers/promises";\nawait setTimeout(1);`),
    block("js no-run", `throw new Error("not run");`),
    block("sh", "npm run demo # npm run comment"),
    block("json", "{"),
  ];
  const { code, output } = check(t, readme.join("\n"));
  assert.is(output, "docs: 2 documents, 2 snippets, 3 links and commands, 0 problems\n");
  assert.is(code, 0);
});
