import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { assert, suite, until } from "@chorus/testing";
import { type Cleanup, folder } from "./support.js";

const test = suite("demo", { deadlineMs: 30_000 });

const PROGRAM = fileURLToPath(new URL("../../demo/demo.js", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../", import.meta.url));

interface Run {
  readonly child: ChildProcess;
  /** All that was printed so far. */
  text(): string;
  readonly ended: Promise<unknown[]>;
}

/** Killed, it cannot remove its own temporary folder; so that is within one of ours. */
async function run(t: Cleanup): Promise<Run> {
  const env = { ...process.env, TMPDIR: await folder(t) };
  const child = spawn(process.execPath, [PROGRAM], { cwd: FOLDER, env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes) => {
      printed += bytes;
    });
  }
  return { child, text: () => printed, ended: once(child, "close") };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function pids(text: string): number[] {
  return [...text.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
}

test("shows three equal peers, exits 0 and leaves no process behind", async (t) => {
  const { ended, text } = await run(t);
  const [code] = await ended;
  assert.is(code, 0, text());
  assert.match(
    text().trimEnd().split("\n").at(-1) ?? "",
    /^All three are equal: \d+ entries, content hash \w+/,
  );
  assert.is(pids(text()).length, 4, text());
  assert.match(text(), /finds its \d\d+ entries in its folder/);
  assert.not.ok(pids(text()).some(isRunning));
  assert.not.match(text(), /@127\.0\.0\.1|password/);
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`leaves no process behind when it gets ${signal}`, async (t) => {
    const { child, ended, text } = await run(t);
    await until(() => pids(text()).length >= 3, { deadlineMs: 20_000, what: "three processes" });
    child.kill(signal);
    const [code, by] = await ended;
    assert.is(code ?? by, signal === "SIGINT" ? 130 : signal);
    await until(() => !pids(text()).some(isRunning), { what: "the peers to end" });
  });
}

test("fails, and leaves no process behind, when a peer dies at the wrong time", async (t) => {
  const { ended, text } = await run(t);
  await until(() => pids(text()).length >= 3, { deadlineMs: 20_000, what: "three processes" });
  const [ann] = pids(text());
  process.kill(ann ?? 0, "SIGKILL");
  const [code] = await ended;
  assert.is(code, 1, text());
  assert.match(text(), /FAILED: /);
  await until(() => !pids(text()).some(isRunning), { what: "the peers to end" });
});
