import { assert, suite, until } from "@chorus/testing";
import type { SeenRequest } from "../original/original-server.js";
import { FAST } from "./members.js";
import { type Mesh, startMesh } from "./mesh.js";
import { atRest, looks, userOf } from "./quiescence.js";

const test = suite("mixed mesh: requests", { deadlineMs: 30_000 });

const INTERVAL_MS = 400;
/** No link may look between a write and its arrival: then it would find missing what is on its way. */
const ARRIVAL_MS = 120;
/** A look is done after this. */
const LOOK_MS = 20;

interface Traffic {
  /** Requests since the last call, at each original: "C0 PUT e", those of originals without a user. */
  take(): string[][];
}

async function quietMesh(t: Parameters<typeof startMesh>[0]): Promise<{ mesh: Mesh; traffic: Traffic }> {
  const mesh = await startMesh(t, {
    originals: 3,
    chorus: 2,
    options: { ...FAST, restIntervalMs: INTERVAL_MS },
  });
  mesh.members[0]?.setAll(["id"], [{ id: 0 }, { id: 1, v: 1 }]);
  await atRest(mesh.members);
  const from = mesh.originals.map(({ server }) => server.seen.length);
  const take = (): string[][] =>
    mesh.originals.map(({ server: { seen } }, at) => {
      const news = seen.slice(from[at]).map(shown);
      from[at] = seen.length;
      return news;
    });
  return { mesh, traffic: { take } };
}

/** Resolves when every link has just looked, and none is about to. */
async function betweenLooks({ originals }: Mesh): Promise<void> {
  const from = originals.map(({ server }) => server.seen.length);
  const last = new Map<string, number>();
  const isBetween = (): boolean => {
    const now = performance.now();
    for (const [at, { server }] of originals.entries()) {
      for (const one of server.seen.slice(from[at]))
        if (one.op === "l") last.set(`${at} ${userOf(one)}`, now);
      from[at] = server.seen.length;
    }
    const ages = [...last.values()].map((lookedAt) => now - lookedAt);
    return ages.length === 6 && ages.every((age) => age > LOOK_MS && age < INTERVAL_MS - ARRIVAL_MS);
  };
  await until(isBetween, { deadlineMs: 20_000, what: "a moment between two looks" });
}

function shown(request: SeenRequest): string {
  return `${userOf(request)} ${request.method} ${request.op}`.trim();
}

/** All but looks. */
function acts(requests: readonly string[][]): string[][] {
  return requests.map((some) => some.filter((one) => !one.endsWith(" GET l")).sort());
}

test("an idle mesh asks each original for its size only, once per interval and link", async (t) => {
  const { mesh, traffic } = await quietMesh(t);
  const began = performance.now();
  await looks(mesh.members, { count: 3 });
  const elapsedMs = performance.now() - began;
  for (const requests of traffic.take()) {
    assert.equal([...new Set(requests)].sort(), ["C0 GET l", "C1 GET l"]);
    assert.ok(requests.length <= 2 * (1 + elapsedMs / INTERVAL_MS), `${requests.length} in ${elapsedMs} ms`);
  }
});

test("a write at a peer of Chorus is one request from it to each original, and none from the other", async (t) => {
  const { mesh, traffic } = await quietMesh(t);
  const [, , , writer] = mesh.members;
  const acted: string[][] = [[], [], []];
  const rounds: [what: string, write: () => void, request: string][] = [
    ["set", () => writer?.set({ id: 2 }, { id: 2, v: 1 }), "C0 PUT e"],
    ["setAll", () => writer?.setAll(["id"], [{ id: 3 }, { id: 4 }]), "C0 PUT a"],
    ["unset", () => writer?.unset({ id: 2 }), "C0 DELETE e"],
  ];
  for (const [what, write, request] of rounds) {
    await betweenLooks(mesh);
    write();
    await until(
      () => mesh.originals.every(({ server }) => server.seen.some((one) => shown(one) === request)),
      {
        what: `${request} at every original`,
      },
    );
    // Long enough for both comparisons that a change is worth.
    await looks(mesh.members, { count: 4 });
    const requests = traffic.take();
    for (const [at, some] of acts(requests).entries()) {
      acted[at]?.push(...some);
      const writes = some.filter((one) => !one.includes("GET"));
      assert.equal(writes, [request], what);
    }
  }
  process.stdout.write(
    `  requests at each original for three writes, without GET l: ${acted.map((a) => a.length).join(", ")}\n`,
  );
});

test("a write at an original is nowhere sent back, and told once to every peer", async (t) => {
  const { mesh, traffic } = await quietMesh(t);
  const audited: string[][] = mesh.chorus.map(() => []);
  for (const [at, { $ch }] of mesh.chorus.entries()) $ch.setLog(({ op }) => audited[at]?.push(op));
  const [writer] = mesh.members;
  const told = mesh.chorus.map(() => 0);
  for (const [at, { data }] of mesh.chorus.entries())
    data.subscribe(() => (told[at] = (told[at] ?? 0) + 1), true);
  await betweenLooks(mesh);
  writer?.set({ id: 9 }, { id: 9, v: "ü" });
  await looks(mesh.members, { count: 4 });
  const [own = [], ...others] = acts(traffic.take());
  assert.equal(
    own.filter((one) => !one.includes("GET")),
    [],
  );
  for (const other of others)
    assert.equal(
      other.filter((one) => !one.includes("GET")),
      ["PUT e"],
    );
  assert.equal(audited, [["SET"], ["SET"]]);
  assert.equal(told, [1, 1]);
});
