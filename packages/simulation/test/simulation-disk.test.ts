import type { StoreDatabase } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { Disk } from "../src/simulation/disk.js";
import { Random } from "../src/simulation/random.js";
import { Scheduler } from "../src/simulation/scheduler.js";
import { VirtualDatabase } from "../src/simulation/virtual-database.js";
import { VirtualRuntime } from "../src/simulation/virtual-runtime.js";

const test = suite("virtual disk");

const ALL = { from: "", to: "~" };

interface Machine {
  scheduler: Scheduler;
  disk: Disk;
  random: Random;
  runtime: VirtualRuntime;
  database: VirtualDatabase;
}

function create(options: { disk?: Disk; seed?: number } = {}): Machine {
  const scheduler = new Scheduler();
  const random = new Random(options.seed ?? 1);
  const disk = options.disk ?? new Disk("here");
  const runtime = new VirtualRuntime({ scheduler, random, clock: { skewMs: 0 } });
  const database = new VirtualDatabase(disk, { runtime, random, writeMs: 5, count: () => {} });
  return { scheduler, disk, random, runtime, database };
}

/** Writes one record, and notes the answer under its key. */
function put(
  database: StoreDatabase,
  key: string,
  options: { sync?: boolean; answers?: string[] } = {},
): void {
  const batch = [{ type: "put", key, value: Uint8Array.of(1, 2, 3) }] as const;
  database.write(batch, { sync: options.sync ?? true }, (error) =>
    options.answers?.push(error ? `${key}: ${error.message}` : key),
  );
}

test("it stores batches in order, later, and reads what is stored", async () => {
  const { scheduler, database } = create();
  const answers: string[] = [];
  for (const key of ["c", "a", "b"]) put(database, key, { answers });
  assert.equal(answers, []);
  assert.equal(await database.keys(ALL), []);
  scheduler.runFor(100);
  assert.equal(answers, ["c", "a", "b"]);
  assert.equal(await database.keys(ALL), ["a", "b", "c"]);
  assert.equal(await database.keys({ from: "b", to: "c" }), ["b"]);
  assert.equal(database.readNow(["a", "x"]), [Uint8Array.of(1, 2, 3), undefined]);
});

test("it loses whole batches in a crash, from the newest on, and never one that it has answered", () => {
  const left = new Set<string>();
  for (let seed = 1; seed < 40; seed++) {
    const { scheduler, disk, database, runtime, random } = create({ seed });
    const answers: string[] = [];
    for (const key of ["a", "b", "c"]) put(database, key, { answers });
    scheduler.runFor(random.next() * 12);
    runtime.kill();
    const lost = disk.crash(random, true);
    const keys = disk.keysOf(ALL);
    assert.equal(keys, ["a", "b", "c"].slice(0, 3 - lost));
    assert.ok(keys.length >= answers.length, `${keys} after ${answers}`);
    left.add(`${keys.length - answers.length}`);
  }
  assert.ok(left.has("0") && left.has("1"), [...left].join());
});

test("it keeps what was not synced when a process dies, and may lose it with the power", () => {
  const kept = new Set<number>();
  for (let seed = 1; seed < 20; seed++) {
    const { scheduler, disk, database, random } = create({ seed });
    put(database, "a", { sync: false });
    put(database, "b", { sync: true });
    put(database, "c", { sync: false });
    scheduler.runFor(100);
    disk.crash(random, false);
    assert.equal(disk.keysOf(ALL), ["a", "b", "c"]);
    disk.crash(random, true);
    kept.add(disk.size);
  }
  assert.equal([...kept].sort(), [2, 3]);
});

test("it fails until it was opened anew with the trouble over, as LevelDB does", () => {
  const { scheduler, disk, database } = create();
  const answers: string[] = [];
  disk.trouble = "full";
  put(database, "a", { answers });
  scheduler.runFor(100);
  assert.match(answers.join(), /^a: .*No space left on device$/);
  database.reopen((error) => answers.push(error ? "still full" : "reopened"));
  scheduler.runFor(100);
  disk.trouble = undefined;
  put(database, "b", { answers });
  scheduler.runFor(100);
  assert.equal(answers.slice(1), ["still full", "b: an earlier write failed"]);
  database.reopen((error) => answers.push(error ? "still full" : "reopened"));
  scheduler.runFor(100);
  put(database, "c", { answers });
  scheduler.runFor(100);
  assert.equal(answers.slice(3), ["reopened", "c"]);
});

test("it answers nothing while it hangs, and everything after it", () => {
  const { scheduler, disk, database } = create();
  const answers: string[] = [];
  disk.trouble = "hanging";
  put(database, "a", { answers });
  scheduler.runFor(10_000);
  assert.equal(answers, []);
  disk.trouble = undefined;
  scheduler.runFor(100);
  assert.equal(answers, ["a"]);
});

test("it clears a range bit by bit", () => {
  const { scheduler, disk, database } = create();
  for (let i = 0; i < 9; i++) put(database, `a${i}`);
  put(database, "b");
  scheduler.runFor(100);
  let cleared = false;
  database.clear({ from: "a", to: "b" }, () => {
    cleared = true;
  });
  const sizes = new Set<number>();
  while (!cleared) {
    scheduler.runFor(1);
    sizes.add(disk.size);
  }
  assert.ok(sizes.size > 2, [...sizes].join());
  assert.equal(disk.keysOf(ALL), ["b"]);
});

test("it makes copies that live on their own, and can be put back", () => {
  const { scheduler, disk, database, random } = create();
  put(database, "a");
  scheduler.runFor(100);
  const copy = disk.copy("there", random);
  put(database, "b");
  scheduler.runFor(100);
  assert.is(copy.place, "there");
  assert.equal(copy.keysOf(ALL), ["a"]);
  disk.revert(copy);
  assert.equal(disk.keysOf(ALL), ["a"]);
  disk.damage(random);
  assert.equal(copy.read("a"), Uint8Array.of(1, 2, 3));
});

test("it is open once at a time", () => {
  const { disk, random } = create();
  assert.throws(() => create({ disk }), /in use/);
  disk.crash(random, false);
  create({ disk });
});
