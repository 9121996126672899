import { assert, suite } from "@chorus/testing";
import { assembleUpdate } from "../src/update-assembly.js";
import { Chance, freshSeed, Replica, settle } from "./replica.js";

const test = suite("update assembly");

/** Writes, overwrites, deletes, drops and cleans at random. */
function churn(replica: Replica, chance: Chance, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const key = `k${chance.below(20)}`;
    if (chance.below(4) === 0) replica.channel.delete(key);
    else replica.channel.set(key, "x".repeat(chance.below(60)));
    replica.runtime.turn();
    if (chance.below(5) === 0) replica.sweep({ idle: true });
  }
}

test("makes one update of the parts of a diff, whatever their size", () => {
  const seed = freshSeed("assembly");
  for (let run = 0; run < 20; run++) {
    const chance = new Chance(seed + run);
    const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8 };
    const a = new Replica({ cleaning });
    const b = new Replica({ cleaning });
    churn(a, chance, 60);
    a.syncTo(b);
    churn(b, chance, 60);
    churn(a, chance, 60);
    const parts = b.diff(a, 1 + chance.below(400));
    assert.ok(parts.length > 1);
    assert.is(a.receive(assembleUpdate(parts)), "applied");
    const [first, second] = settle(a, b);
    assert.equal(first, second, `seed ${seed + run}`);
  }
});

test("leaves a single part as it is", () => {
  const part = Uint8Array.of(1, 2, 3);
  assert.is(assembleUpdate([part]), part);
});

test("joins the deletions of a session, those that were cut twice too", () => {
  const deletions = (...ranges: number[]): Uint8Array => Uint8Array.of(0, 1, 7, ranges.length / 2, ...ranges);
  const joined = assembleUpdate([deletions(1, 2, 9, 1), deletions(1, 4), deletions(20, 1)]);
  assert.equal([...joined], [0, 1, 7, 3, 1, 4, 9, 1, 20, 1]);
});

test("refuses parts of another shape", () => {
  const rest = Uint8Array.of(0, 0);
  const refused: [string, Uint8Array][] = [
    ["structs of two sessions", Uint8Array.of(2, 1, 7, 0, 0, 1, 1, 8, 0, 0, 1, 0)],
    ["structs and deletions", Uint8Array.of(1, 1, 7, 0, 0, 1, 1, 7, 1, 0, 1)],
    ["bytes after the end", Uint8Array.of(0, 0, 0)],
    ["more ranges than bytes", Uint8Array.of(0, 1, 7, 200, 1, 1, 1)],
    ["an endless number", new Uint8Array(20).fill(0x80)],
    ["nothing", new Uint8Array()],
  ];
  for (const [name, part] of refused) {
    assert.throwsCode(() => assembleUpdate([part, rest]), "protocol");
    assert.ok(name);
  }
});
