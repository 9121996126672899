import { createHttpConnector } from "@chorus/node";
import { assert, suite } from "@chorus/testing";
import { begin } from "./incidents.js";
import { FAST, type Member } from "./members.js";
import { type Mesh, startMesh } from "./mesh.js";
import { atRest } from "./quiescence.js";
import { type Random, seededRandom, seedsOfRun } from "./random.js";
import { writeRandomly } from "./random-writes.js";
import { Witness } from "./witness.js";

const test = suite("mixed mesh with faults", { deadlineMs: 100_000 });

/** A request that hangs is given up after this; the original's own after a second. */
const TIMEOUT_MS = 250;
const INCIDENTS = 4;

for (const seed of seedsOfRun(2)) {
  test(`all are equal after faults, and nothing is lost, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const mesh = await startMesh(t, {
      originals: 3,
      chorus: 2,
      isCuttable: true,
      options: {
        ...FAST,
        restIntervalMs: 100,
        connectHttp: createHttpConnector({ requestTimeoutMs: TIMEOUT_MS }),
      },
      original: { timeoutMs: TIMEOUT_MS },
    });
    const { members } = mesh;
    const witnesses = members.map((member) => new Witness(member, random.fork()));
    const incidents: string[] = [];
    for (let at = 0; at < INCIDENTS; at++) {
      const incident = await begin(mesh, random);
      incidents.push(incident.name);
      await write(mesh, witnesses, random);
      await incident.end();
      await write(mesh, witnesses, random);
    }
    const what = `seed ${seed}: ${incidents.join(", ")}`;
    const tookMs = await atRest(members, { deadlineMs: 40_000, what });
    for (const witness of witnesses) witness.assertKept(members, what);
    process.stdout.write(`  ${what}; at rest after ${Math.round(tookMs)} ms\n`);
  });
}

test("what an original that starts again takes over and spreads does not bring back what was removed", async (t) => {
  const options = { ...FAST, restIntervalMs: 500 };
  const mesh = await startMesh(t, { originals: 3, chorus: 1, isCuttable: true, options });
  const [restarted, old, spreadTo, ours] = mesh.members as [Member, Member, Member, Member];
  for (const id of ["removed", "kept"]) ours.set({ id }, { id });
  await atRest(mesh.members);
  mesh.ways?.cutPair(1, 3);
  ours.unset({ id: "removed" });
  await atRest([restarted, spreadTo, ours]);
  await restarted.original?.restart();
  await restarted.original?.peer(mesh.urls(0));
  await restarted.original?.whenIdle();
  assert.is(old.contents().size, 2);
  mesh.ways?.healPair(1, 3);
  await atRest(mesh.members);
  assert.equal([...spreadTo.contents().keys()], ['{"id":"kept"}']);
});

/** All of them at once. Keys of one shape only: what an original that starts again makes of several is no fault of ours. */
async function write({ members }: Mesh, witnesses: readonly Witness[], random: Random): Promise<void> {
  await Promise.all(members.map((member, at) => writeBoth(member, witnesses[at], random.fork())));
}

async function writeBoth(member: Member, witness: Witness | undefined, random: Random): Promise<void> {
  for (let at = 0; at < 4; at++) {
    witness?.write();
    await writeRandomly(member, { random, count: 2, spread: 4, shapes: [["id"]] });
  }
}
