// docs/errors.md against the code: every code is explained, every explained code exists, and every code is in use.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import { ChorusError, describe, OptionError } from "../src/errors.js";

const test = suite("errors");
const root = fileURLToPath(new URL("../../../../", import.meta.url));

function read(...path: string[]): string {
  return readFileSync(join(root, ...path), "utf8");
}

/** The codes of the ErrorCode union, from its source text: types are gone at run time. */
function codesOfUnion(): string[] {
  const union = /type ErrorCode =([^;]*);/.exec(read("packages/core/src/errors.ts"))?.[1] ?? "";
  return [...union.matchAll(/"([^"]*)"/g)].map(([, code = ""]) => code);
}

/** The codes that the page explains: first cells of its rows, under headings of two hashes. */
function documentedCodes(): string[] {
  const [, ...sections] = read("docs/errors.md").split(/^## /m);
  return sections.flatMap((section) =>
    [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code = ""]) => code),
  );
}

/** All sources of the packages that applications use, but for the union itself. */
function sources(): string {
  const folders = ["core", "node", "ch"].map((name) => join(root, "packages", name, "src"));
  return folders
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !(folder.includes("core") && name === "errors.ts"))
        .map((name) => readFileSync(join(folder, name), "utf8")),
    )
    .join("\n");
}

/** Two that end a connection as well as a call have a row in each section. */
const TWICE = ["timeout", "too-large"];

test("are documented, each once, and none that does not exist", () => {
  const union = codesOfUnion();
  assert.ok(union.length > 20, "the union was not found");
  assert.is(new Set(union).size, union.length);
  assert.equal(documentedCodes().sort(), [...union, ...TWICE].sort());
});

test("are all in use", () => {
  const text = sources();
  const unused = codesOfUnion().filter(
    (code) => code !== "invalid-option" && !text.includes(`"${code}"`) && !text.includes(`\n  ${code}:`),
  );
  assert.equal(unused, []);
});

test("are shown with the close code that is sent", () => {
  const table = /CLOSE_CODES[^=]*= \{([^}]*)\}/.exec(read("packages/core/src/close-codes.ts"))?.[1] ?? "";
  const sent = [...table.matchAll(/"?([a-z-]+)"?: (\d{4})/g)].map(([, code, number]) => `${code} ${number}`);
  const connections = read("docs/errors.md")
    .split(/^## /m)
    .find((part) => part.startsWith("Connections"));
  const shown = [...(connections ?? "").matchAll(/^\| `([a-z-]+)` \| (4\d{3}) /gm)].map(
    ([, code, number]) => `${code} ${number}`,
  );
  // A stalled peer is cut off, so nothing is sent; that of "closed" is a name in the source.
  assert.equal(shown.sort(), sent.filter((line) => !line.startsWith("stalled")).sort());
});

test("are what their classes say", () => {
  const cause = new Error("cause");
  const error = new ChorusError("protocol", "text", { cause });
  assert.equal(
    [error.name, error.code, error.message, error.cause],
    ["ChorusError", "protocol", "text", cause],
  );
  const option = new OptionError("the size", -1, "a whole number");
  assert.ok(option instanceof TypeError);
  assert.is(option.code, "invalid-option");
  assert.is(option.message, "the size must be a whole number, not -1");
});

test("show values shortly, and call no code of theirs", () => {
  const trap = {
    toString(): string {
      throw new Error("called");
    },
  };
  assert.equal(["x".repeat(100), () => 1, Symbol("s"), [1], trap, null, undefined].map(describe), [
    `"${"x".repeat(60)}…"`,
    "a function",
    "a symbol",
    "an array",
    "an object",
    "null",
    "undefined",
  ]);
});
