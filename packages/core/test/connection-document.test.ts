// docs/connection.md against the code: the states and the moves that the page shows must be those of the tables.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import { closeCodeOf } from "../src/close-codes.js";
import { type ConnectionState, mayBecome } from "../src/connection-state.js";
import type { ErrorCode } from "../src/errors.js";
import { type LinkStatus, mayTurn } from "../src/link.js";

const test = suite("connection document");
const page = readFileSync(fileURLToPath(new URL("../../../../docs/connection.md", import.meta.url)), "utf8");

// Records, so that the compiler finds a state that is missing here.
const STATES: Record<ConnectionState, true> = {
  connecting: true,
  greeting: true,
  syncing: true,
  live: true,
  closed: true,
};
const STATUSES: Record<LinkStatus, true> = {
  connecting: true,
  syncing: true,
  synced: true,
  offline: true,
  unauthorized: true,
  closed: true,
};

/** The text of a section, up to the next heading of the same depth. */
function section(heading: string): string {
  const [, text = ""] = page.split(`\n${heading}\n`);
  assert.ok(text, `the page has no section ${heading}`);
  return text.split(/\n## /)[0] ?? "";
}

/** The moves of the first diagram of a section, each "from to", sorted; twice the same is shown twice. */
function drawnMoves(heading: string): string[] {
  const [, diagram = ""] = section(heading).split("```mermaid\nstateDiagram-v2\n");
  const lines = (diagram.split("```")[0] ?? "").matchAll(/^ *(\w+) --> (\w+)/gm);
  return [...lines].map(([, from, to]) => `${from} ${to}`).sort();
}

function moves<State extends string>(
  states: Record<State, true>,
  may: (from: State, to: State) => boolean,
): string[] {
  const names = Object.keys(states) as State[];
  return names.flatMap((from) => names.filter((to) => may(from, to)).map((to) => `${from} ${to}`)).sort();
}

/** The cells of a table of a section that begins with this header cell, without code marks. */
function rows(heading: string, firstCell: string): string[][] {
  const table = section(heading)
    .split(/\n\n/)
    .find((part) => part.trimStart().replace(/ +/g, " ").startsWith(`| ${firstCell} |`));
  assert.ok(table, `the page has no table of ${firstCell}`);
  const lines = (table ?? "").trim().split("\n").slice(2);
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("it shows the states of a connection and their moves", () => {
  assert.equal(drawnMoves("## Connection"), moves(STATES, mayBecome));
  assert.equal(
    rows("## Connection", "state").map(([state]) => state),
    Object.keys(STATES),
  );
});

test("it shows the statuses of a link and their moves", () => {
  assert.equal(drawnMoves("## Link"), moves(STATUSES, mayTurn));
});

test("it shows the close code of each error", () => {
  let named = 0;
  for (const [closeCode, codes = ""] of rows("## Connection", "close code")) {
    for (const code of codes.split(", ")) {
      if (code === "–") continue;
      assert.is(closeCodeOf(code as ErrorCode), Number(closeCode), code);
      named++;
    }
  }
  assert.ok(named > 10);
});

test("it names only statuses that links have for the other end", () => {
  for (const cells of rows("## Connection", "close code")) {
    const [status = ""] = (cells[3] ?? "").split(/[ ,]/);
    assert.ok(Object.hasOwn(STATUSES, status), status);
  }
});
