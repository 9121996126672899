import { assert, suite } from "@chorus/testing";
import { FAST, REST_INTERVAL_MS } from "./mixed/members.js";
import { startMesh } from "./mixed/mesh.js";
import { atRest } from "./mixed/quiescence.js";
import { seededRandom, seedsOfRun } from "./mixed/random.js";
import { writeRandomly } from "./mixed/random-writes.js";

const test = suite("mixed mesh", { deadlineMs: 100_000 });

for (const seed of seedsOfRun(3)) {
  test(`three originals and two peers of Chorus write at random, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    // Looks while everybody writes, and looks that come when all is said.
    const restIntervalMs = random.pick([REST_INTERVAL_MS, 150, 300]);
    const mesh = await startMesh(t, { originals: 3, chorus: 2, options: { ...FAST, restIntervalMs } });
    const { members } = mesh;
    const spread = 2 + random.below(6);
    await Promise.all(
      members.map((member) => writeRandomly(member, { random: random.fork(), count: 40, spread })),
    );
    for (const [at, member] of members.entries()) member.set({ id: `last ${at}` }, { id: `last ${at}`, at });
    const tookMs = await atRest(members, { deadlineMs: 40_000, what: `seed ${seed}` });
    const held = members[0]?.contents() ?? new Map();
    for (const at of members.keys())
      assert.is(held.get(`{"id":"last ${at}"}`), `{"at":${at},"id":"last ${at}"}`);
    assert.equal(
      mesh.chorus.flatMap(({ errors }) => errors),
      [],
    );
    process.stdout.write(`  seed ${seed}: ${held.size} keys, at rest after ${Math.round(tookMs)} ms\n`);
  });
}
