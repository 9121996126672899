// What is tried here may hang, eat the memory or leave a document broken, so a child process does it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import type { MutationTask, PayloadReport, PayloadTask } from "./hostile-child.js";

const test = suite("hostile updates", { deadlineMs: 60_000 });

/** The child has said nothing for so long: it hangs. A line comes after every payload and every 250 mutations. */
const SILENCE_MS = 10_000;

const FOLDER = fileURLToPath(new URL("../../test/fixtures/hostile", import.meta.url));
const CHILD = fileURLToPath(new URL("./hostile-child.js", import.meta.url));

/** Why each payload is refused, at an empty document and at one that knows its sessions. None is let in. */
const REFUSED: Record<string, readonly string[]> = {
  "a clock above 281474976710656": ["v1-gc-huge-victim-future"],
  "a count above what the bytes left can hold": [
    "fuzz-v1-mem",
    "fuzz-v1-slow",
    "fuzz-v1-threw_PARTIAL",
    "v1-array-2p32-1",
    "v1-array-2p53",
    "v1-array-33M",
  ],
  "a length of zero": [
    "fuzz-v1-bad_EXCHANGE_THROWS",
    "fuzz-v1-bad_FRESH_PEER_THROWS",
    "v1-ds-client-overlap-len0",
    "v1-gc-len-0",
    "v1-min7-gc-len-0",
  ],
  "a number of more than 8 bytes": [
    "fuzz-v1-INFLOOP_apply",
    "v1-client-2p56-1",
    "v1-client-infinity",
    "v1-client-nan",
    "v1-clock-infinity",
    "v1-clock-nan",
    "v1-ds-clock-nan",
    "v1-ds-known-len-infinity",
    "v1-ds-len-infinity",
    "v1-gc-2p56x2-sv-poison",
    "v1-gc-2p56x4-sv-poison",
    "v1-gc-len-infinity",
    "v1-gc-len-nan",
    "v1-origin-client-infinity",
    "v1-pending-clock-infinity",
    "v1-sv-poison",
  ],
  "a struct of kind 10": [
    "fuzz-v1-bad_valid_remote_throws",
    "v1-skip-2p1000-then-item",
    "v1-skip-huge",
    "v1-skip-infinity-then-item",
    "v1-skip-then-item",
  ],
  "a struct of kind 128": ["fuzz-v1-bad_local_write_throws"],
  "a struct of kind 34": ["v1-json-undefined"],
  "a struct of kind 36": ["v1-contentstring-empty"],
  "a struct of kind 37": ["v1-embed"],
  "a struct of kind 38": ["v1-format-in-map"],
  "a struct of kind 41": ["v1-subdoc"],
  "a struct of kind 8": ["v1-list-in-map", "v1-parent-self"],
  "an entry outside a segment": [
    "fuzz-v1-VP_threw_clean",
    "v1-any-depth-1000",
    "v1-any-depth-2000",
    "v1-any-depth-3000",
    "v1-any-depth-4000",
    "v1-any-depth-5000",
    "v1-any-depth-6000",
    "v1-any-depth-7000",
    "v1-any-depth-8000",
    "v1-any-proto-tojson",
    "v1-any-proto",
    "v1-client-2p53",
    "v1-contentany-len-0",
    "v1-dup-client-block",
    "v1-fuzz-91984",
    "v1-local-client-forge",
    "v1-multi-value-any",
    "v1-originless-key-1000",
    "v1-other-root",
    "v1-parent-nontype",
    "v1-partial-then-bad",
    "v1-proto-key",
  ],
  "an origin of another session": [
    "fuzz-v1-VP_PERMANENT_DIVERGENCE",
    "fuzz-v1-bad_BRICKED_no_events",
    "fuzz-v1-bad_ENCODE_THROWS",
    "fuzz-v1-bad_PERMANENT_DIVERGENCE",
    "fuzz-v1-bad_fresh_peer_differs",
    "v1-origin-clock-infinity",
    "v1-origin-unknown-pending",
  ],
  "an origin that comes later": ["v1-self-origin"],
  "deletions above 281474976710656": ["v1-future-ds-all", "v1-future-ds-known-client"],
  'not "channel"': [
    "fuzz-v1-VP_fresh_peer_differs",
    "fuzz-v1-bad_FRESH_PEER_BRICKED",
    "fuzz-v1-bad_INFINITE_LOOP_later",
    "v1-contentdeleted-huge",
    "v1-contentdeleted-infinity",
    "v1-contentdeleted-len-0",
    "v1-nested-ytext",
    "v1-typeref-99",
    "v1-xmlhook",
  ],
};

/** The same for those that can be moved into a segment of ours, where their root or place is no reason any more. */
const MOVED: Record<string, readonly string[]> = {
  "a clock above 281474976710656": ["v1-contentdeleted-huge"],
  "a length of zero": ["fuzz-v1-bad_FRESH_PEER_BRICKED", "v1-contentdeleted-len-0"],
  "a map that is no child of the root": ["v1-nested-ytext", "v1-typeref-99", "v1-xmlhook"],
  "a number of more than 8 bytes": ["fuzz-v1-bad_INFINITE_LOOP_later", "v1-contentdeleted-infinity"],
  "a stamp that is no number": [
    "v1-any-depth-1000",
    "v1-any-depth-2000",
    "v1-any-depth-3000",
    "v1-any-depth-4000",
    "v1-any-depth-5000",
    "v1-any-depth-6000",
    "v1-any-depth-7000",
    "v1-any-depth-8000",
  ],
  "a struct of kind 10": ["v1-skip-2p1000-then-item", "v1-skip-infinity-then-item", "v1-skip-then-item"],
  "a struct of kind 34": ["v1-json-undefined"],
  "a struct of kind 36": ["v1-contentstring-empty"],
  "a struct of kind 37": ["v1-embed"],
  "a struct of kind 38": ["v1-format-in-map"],
  "a struct of kind 41": ["v1-subdoc"],
  "a struct of kind 8": ["v1-list-in-map"],
  "an entry that is no array": [
    "v1-any-proto-tojson",
    "v1-any-proto",
    "v1-contentany-len-0",
    "v1-multi-value-any",
    "v1-proto-key",
  ],
};

/** Runs the child to its end and returns its lines; rejects when it falls silent or fails. */
function run(task: PayloadTask | MutationTask): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const options = ["--max-old-space-size=512", CHILD, JSON.stringify(task)];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    const hangs = (): void => {
      child.kill("SIGKILL");
      reject(new Error(`the child hangs after: ${output.slice(-500)}`));
    };
    let alarm = setTimeout(hangs, SILENCE_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      clearTimeout(alarm);
      alarm = setTimeout(hangs, SILENCE_MS);
    });
    child.on("error", reject).on("close", (code) => {
      clearTimeout(alarm);
      if (code === 0)
        resolve(
          output
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line)),
        );
      else reject(new Error(`the child ended with ${code} after: ${output.slice(-500)}`));
    });
  });
}

/** Payload names by reason, as the tables have them. */
function byReason(
  reports: readonly PayloadReport[],
  which: "empty" | "filled" | "moved",
): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const report of reports) {
    const reason = report[which]?.replace(/^refused: /, "");
    if (reason !== undefined) found[reason] = [...(found[reason] ?? []), report.name];
  }
  return found;
}

test("refuses every payload that is known to do harm, each for its own reason", async () => {
  const reports = (await run({ folder: FOLDER })) as PayloadReport[];
  assert.equal(byReason(reports, "empty"), REFUSED);
  assert.equal(byReason(reports, "filled"), REFUSED);
  assert.equal(byReason(reports, "moved"), MOVED);
  assert.is(reports.length, Object.values(REFUSED).flat().length);
});

for (const [what, invented, mutations, fewest] of [
  ["mutation of an honest update", 0, 20_000, { refused: 10_000, gap: 100, harmless: 500 }],
  ["update of structs that name each other at random", 5000, 0, { refused: 1000, gap: 50, harmless: 300 }],
] as const) {
  test(`lets no ${what} do harm`, async () => {
    const task: MutationTask = { seed: 20_242, invented, mutations };
    const lines = (await run(task)) as { harmful?: string; counts?: Record<string, number> }[];
    assert.equal(
      lines.filter((line) => line.harmful !== undefined),
      [],
      `seed ${task.seed}`,
    );
    const counts = lines.at(-1)?.counts as Record<"refused" | "gap" | "harmless" | "harmful", number>;
    const seen = `seed ${task.seed}: ${JSON.stringify(counts)}`;
    assert.is(counts.refused + counts.gap + counts.harmless, invented + mutations, seen);
    // Every way must be well trodden, or the fuzzing proves nothing.
    assert.ok(
      counts.refused >= fewest.refused && counts.gap >= fewest.gap && counts.harmless >= fewest.harmless,
      seen,
    );
  });
}
