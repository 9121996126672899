// docs/openaf.md says what the conformance suite asserts: every difference has its row, every method is in the table of
// methods. Reads the document, runs no case.
import { readFileSync } from "node:fs";
import { assert, suite } from "@chorus/testing";
import { createCh } from "../src/index.js";
import { TYPES } from "./conformance/cases.js";
import { tables } from "./conformance/tables.js";

const test = suite("conformance and its documentation");

const DOCUMENT = readFileSync(new URL("../../../../docs/openaf.md", import.meta.url), "utf8");
/** What no channel of the original has, so that nothing can be said about it. */
const NEW = [
  "ready",
  "whenDurable",
  "whenSynced",
  "links",
  "peers",
  "replicaId",
  "retire",
  "contentHash",
  "$ch.on",
  "$ch.close",
  "$ch.findings",
];
/** Members of the class of handles that are no methods of `$ch(name)`. */
const INTERNAL = ["constructor", "data", "functionFailed"];
const cases = tables.flat();

/** The rows of all tables under a heading of the second level, without the heads of the tables. */
function rowsUnder(heading: string): string[][] {
  const section = DOCUMENT.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  const rows = lines.map((line) => line.split(/(?<!\\)\|/).slice(1, -1));
  const cells = rows.map((row) => row.map((cell) => cell.trim()));
  return cells.filter((row, i) => !isRule(row) && !isRule(cells[i + 1] ?? []));
}

function isRule(row: readonly string[]): boolean {
  return row.length > 0 && row.every((cell) => /^:?-+:?$/.test(cell));
}

/** Whether a first cell is about a method: it has its name as code, or is about any. */
function isAbout(cell: string, method: string): boolean {
  return cell.startsWith("any,") || ["`", "("].some((end) => cell.includes(`\`${method}${end}`));
}

/** The methods of a handle by their names, and what `$ch` itself has as "$ch.name". */
function methodsThatThereAre(): string[] {
  const ch = createCh();
  const names = new Set<string>();
  const top: unknown = Object.prototype;
  for (let one: object = ch("any"); one !== top; one = Object.getPrototypeOf(one)) {
    for (const name of Object.getOwnPropertyNames(one)) names.add(name);
  }
  for (const name of INTERNAL) assert.ok(names.delete(name), `${name} is there, but internal`);
  return [...names, ...Object.keys(ch).map((name) => `$ch.${name}`)];
}

function firstCells(heading: string): string[] {
  const cells = rowsUnder(heading).map(([first]) => first ?? "");
  assert.ok(cells.length > 0, `the section "${heading}" has a table`);
  return cells;
}

test("every difference that is asserted has the row that it names", () => {
  const differences = firstCells("Differences");
  const improvements = firstCells("What gets better");
  const forgotten = cases.flatMap((one) => {
    const { method, title, row } = one;
    if (row === undefined) return [];
    const isThere = differences.includes(row)
      ? isAbout(row, method)
      : improvements.includes(row) && differences.some((cell) => isAbout(cell, method));
    return isThere ? [] : [`${method}: ${title} -> ${row}`];
  });
  assert.equal(forgotten, []);
});

test("the tables of methods have every method of a handle and of $ch itself, once", () => {
  const rows = rowsUnder("Methods");
  const names = rows.map(([first]) => first?.replaceAll("`", ""));
  assert.equal(names.toSorted(), methodsThatThereAre().toSorted());
  for (const row of rows) assert.is(row.filter((cell) => cell !== "").length, 3, row.join(" | "));
});

test("every method of the original has a case, and every case a method that there is", () => {
  const methods = cases.map(({ method }) => method);
  const known = methodsThatThereAre();
  const expected = known.filter((method) => !NEW.includes(method));
  assert.equal(
    expected.filter((method) => !methods.includes(method)),
    [],
  );
  assert.equal(
    methods.filter((method) => !known.includes(method)),
    [],
  );
});

test("no two cases have the same title", () => {
  for (const type of TYPES) {
    const titles = cases
      .filter((one) => one.types?.includes(type) ?? true)
      .map(({ method, title, source }) => `${method}: ${title} (${source})`);
    assert.equal(
      titles.filter((title, i) => titles.indexOf(title) !== i),
      [],
    );
  }
});

test("a case that is the same says so in this word only, and every case says what the original does", () => {
  for (const { here, original, title } of cases) {
    assert.ok(here === "same" || !/^same\b/.test(here), title);
    assert.is.not(original, "", title);
  }
});
