// The checks of scripts/ proven able to fail: the compiler on core's options, and the boundary checker.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import type { TestContext } from "../src/suite.js";
import { temporaryFolder } from "./trap-helper.js";

const test = suite("boundaries", { deadlineMs: 30_000 });
const root = fileURLToPath(new URL("../../../../", import.meta.url));

function run(script: string, ...parameters: string[]): { code: number | null; lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [join(root, script), ...parameters], {
    encoding: "utf8",
  });
  return { code: status, lines: stdout.trimEnd().split("\n") };
}

const control = `export const control: number = "text";`;

/**
 * Compiles one file with core's own options, from inside core's folder, together with all of core (whose
 * dependencies may bring types along), and returns the compiler's lines about it.
 */
function compileInCore(t: TestContext, source: string): string[] {
  const dist = join(root, "packages/core/dist");
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, "stray-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "stray.ts"), `${source}\n${control}\n`);
  const compilerOptions = { rootDir: "../..", noEmit: true, composite: false, incremental: false };
  const extended = { extends: "../../tsconfig.json", compilerOptions, include: ["../../src"], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...extended, files: ["stray.ts"] }));
  const { lines } = run("node_modules/typescript/bin/tsc", "-p", folder, "--pretty", "false");
  const ofStray = lines.filter((line) => line.includes("stray.ts"));
  assert.ok(
    ofStray.some((line) => line.includes("TS2322")),
    `the control error is missing, so nothing was compiled: ${lines.join("; ")}`,
  );
  return ofStray.filter((line) => !line.includes("TS2322"));
}

test("compiles a file of core that imports what core may import", (t) => {
  const source = `import * as Y from "yjs";\nexport const id: number = new Y.Doc().clientID;\n`;
  assert.equal(compileInCore(t, source), []);
});

const strays = [
  [
    `import { readFileSync } from "node:fs";\nexport default readFileSync;\n`,
    /error TS(2307|2591|2882).*node:fs/,
  ],
  [`import { readFileSync } from "fs";\nexport default readFileSync;\n`, /error TS(2307|2591|2882)/],
  [`import { WebSocket } from "ws";\nexport default WebSocket;\n`, /error TS(2307|7016).*ws/],
  [`export default process.pid;\n`, /error TS2(304|580|591).*process/],
  [`export default Buffer.alloc(1);\n`, /error TS2(304|580|591).*Buffer/],
  [`export default document.title;\n`, /error TS2(304|584).*document/],
  [`setTimeout(() => {}, 1);\n`, /error TS2(304|584).*setTimeout/],
] as const;

for (const [source, expected] of strays) {
  test(`stops the build of core at ${source.split("\n")[0]}`, (t) => {
    const lines = compileInCore(t, source);
    assert.match(lines.join("\n"), expected);
  });
}

/** Makes a workspace of the given files; a package.json without dependencies is added where there is none. */
function makeWorkspace(t: TestContext, files: Record<string, string>): string {
  const workspace = temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    const manifest = join(workspace, path.split("/").slice(0, 2).join("/"), "package.json");
    mkdirSync(dirname(join(workspace, path)), { recursive: true });
    if (!(path.endsWith("package.json") || manifestGiven(files, path))) writeFileSync(manifest, "{}");
    writeFileSync(join(workspace, path), text);
  }
  return workspace;
}

function manifestGiven(files: Record<string, string>, path: string): boolean {
  return `${path.split("/").slice(0, 2).join("/")}/package.json` in files;
}

const coreManifest = `{ "name": "@chorus/core", "dependencies": { "yjs": "1", "msgpackr": "1", "y-protocols": "1" } }`;

interface Violation {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly says: string;
}

const violations: readonly Violation[] = [
  {
    name: "node:fs in core",
    files: { "packages/core/src/value.ts": `import { readFileSync } from "node:fs";` },
    says: `packages/core/src/value.ts: must not import "node:fs"`,
  },
  {
    name: "ws in core, imported over several lines",
    files: { "packages/core/src/link.ts": `import {\n  WebSocket,\n} from "ws";` },
    says: `must not import "ws"`,
  },
  {
    name: "a dynamic import",
    files: { "packages/core/src/link.ts": `export const load = () => import("ws");` },
    says: `must not import "ws"`,
  },
  {
    name: "a re-export",
    files: { "packages/ch/src/index.ts": `export * from "yjs";` },
    says: `must not import "yjs"`,
  },
  {
    name: "a builtin without node:",
    files: { "packages/node/src/index.ts": `import fs from "fs";` },
    says: `imports "fs" without node:`,
  },
  {
    name: "yjs in another file of core",
    files: {
      "packages/core/package.json": coreManifest,
      "packages/core/src/guard.ts": `import * as Y from "yjs";`,
    },
    says: "imports yjs, which only document/segment-document.ts, ",
  },
  {
    name: "msgpackr in another file of core",
    files: {
      "packages/core/package.json": coreManifest,
      "packages/core/src/link.ts": `import {} from "msgpackr";`,
    },
    says: "imports msgpackr, which only frames.ts may",
  },
  {
    name: "y-protocols in another file of core",
    files: {
      "packages/core/package.json": coreManifest,
      "packages/core/src/link.ts": `import type {} from "y-protocols/sync";`,
    },
    says: "imports y-protocols, which only",
  },
  {
    name: "a relative import that leaves the package",
    files: {
      "packages/ch/src/a.ts": `import {} from "../../core/src/value.js";`,
      "packages/core/src/value.ts": "",
    },
    says: `"../../core/src/value.js" reaches outside its package`,
  },
  {
    name: "src that reaches into test",
    files: { "packages/ch/src/a.ts": `import "../test/b.js";`, "packages/ch/test/b.ts": "" },
    says: "reaches outside src",
  },
  {
    name: "a file that does not exist",
    files: { "packages/ch/src/a.ts": `import "./b.js";` },
    says: "reaches a file that does not exist",
  },
  {
    name: "console in a library",
    files: { "packages/node/src/a.ts": `if (process.env["X"]) console.error("x");` },
    says: "prints with console",
  },
  {
    name: "an import cycle",
    files: {
      "packages/node/src/a.ts": `import "./b.js";`,
      "packages/node/src/b.ts": `import "./c.js";`,
      "packages/node/src/c.ts": `import "./a.js";`,
    },
    says: "import cycle packages/node/src/a.ts > packages/node/src/b.ts > packages/node/src/c.ts > packages/node/src/a.ts\nb",
  },
  {
    name: "an import of a higher layer in core",
    files: { "packages/core/src/guard.ts": `import "./channel.js";`, "packages/core/src/channel.ts": "" },
    says: "imports channel.ts, which is in a higher layer",
  },
  {
    name: "a file of core in no layer",
    files: { "packages/core/src/stray.ts": `import "./value.js";`, "packages/core/src/value.ts": "" },
    says: "is in no layer",
  },
  {
    name: "a word of OpenAF outside ch",
    files: { "packages/core/src/value.ts": "export const getKeys = 1;" },
    says: `uses OpenAF's word "getKeys" outside ch`,
  },
  {
    name: "a file that is too long",
    files: { "packages/ch/src/a.ts": "\n".repeat(301) },
    says: "has 301 lines, more than 300",
  },
  {
    name: "a test file that is too long",
    files: { "packages/ch/test/a.test.ts": "\n".repeat(601) },
    says: "has 601 lines, more than 600",
  },
  {
    name: "a dependency its own package.json does not name",
    files: { "packages/node/src/a.ts": `import "ws";` },
    says: "imports ws, which its package.json does not name as a dependency",
  },
  {
    name: "a dependency named for development only",
    files: {
      "packages/node/package.json": `{ "devDependencies": { "ws": "1" } }`,
      "packages/node/src/a.ts": `import "ws";`,
    },
    says: "does not name as a dependency",
  },
  {
    name: "the internal entry of core in cli",
    files: { "packages/cli/src/a.ts": `import "@chorus/core/internal";` },
    says: "only the public surface",
  },
  {
    name: "bench being imported",
    files: { "packages/ch/test/a.ts": `import "@chorus/bench";` },
    says: `must not import "@chorus/bench"`,
  },
];

for (const { name, files, says } of violations) {
  test(`reports ${name}`, (t) => {
    const { code, lines } = run("scripts/check-boundaries.js", makeWorkspace(t, files));
    assert.match(lines.join("\n"), says);
    assert.is(code, 1);
  });
}

test("finds nothing wrong with words in comments and strings and with allowed imports", (t) => {
  const source = [
    "// import 'ws' and console.log, or unset",
    `/* import "node:fs" */`,
    `import type { Doc } from "yjs";`,
    "export const text = `import 'ws'; getKeys(console.log)` + \"console.log unset\";",
    "export type { Doc };",
  ];
  const workspace = makeWorkspace(t, {
    "packages/core/package.json": coreManifest,
    "packages/core/src/document/segment-document.ts": source.join("\n"),
    "packages/core/src/index.ts": `export * from "./document/segment-document.js";`,
    "packages/core/test/a.test.ts": `import "node:fs";\nimport "../src/index.js";\nimport "@chorus/core";`,
    "packages/ch/src/unset.ts": "export const unset = 1;",
  });
  const { code, lines } = run("scripts/check-boundaries.js", workspace);
  assert.equal(lines, ["boundaries: 0 violations"]);
  assert.is(code, 0);
});
