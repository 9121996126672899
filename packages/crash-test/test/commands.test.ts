import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";

const test = suite("crash test commands", { deadlineMs: 100_000 });

function run(command: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const file = fileURLToPath(new URL(`../src/${command}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

test("crash-test prints its seed and its figures, and ends with 0", () => {
  const { code, out } = run("crash-test-command", "3", "5");
  assert.is(code, 0, out);
  assert.match(out, /^seed 5\n3 cycles, \d+ writes, \d+ acknowledged/);
  assert.match(
    out,
    /^kills: .+\nrestart to open store: .+\nrestart to synced: .+\nequal at the end: \d+ keys/m,
  );
  assert.match(out, /\nno failures\n$/);
});

test("crash-test finds a planted fault and says which", () => {
  const { code, out } = run("crash-test-command", "60", "5", "--fault", "acknowledge-early");
  assert.is(code, 0, out);
  assert.match(out, /must show .+\n(?:.*\n)*the fault acknowledge-early was found in \d+ cycles\n$/);
});

test("all refuse arguments that they do not know, with the usage", () => {
  const wrong = [
    ["crash-test-command", "many"],
    ["crash-test-command", "1", "2", "--fault", "none"],
    ["fold-command", "0"],
    ["processes-command", "soon"],
  ] as const;
  for (const [command, ...args] of wrong) {
    const { code, out, err } = run(command, ...args);
    assert.is(code, 2, `${command} ${args.join(" ")}`);
    assert.is(out, "");
    assert.match(err, /usage: npm run crash-test/);
  }
});
