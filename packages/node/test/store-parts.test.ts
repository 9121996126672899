// A store's folder of which a part is missing, older, or somebody else's: it is told, and nothing is deleted for it.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Channel } from "@chorus/core";
import { openStore } from "@chorus/node";
import { assert, suite } from "@chorus/testing";
import { ClassicLevel } from "classic-level";
import { findOpening, noteInDatabase } from "../src/store-opening.js";
import { makeFolder } from "./store-helpers.js";

const test = suite("store parts", { deadlineMs: 20_000 });

interface Visit {
  readonly contents: Record<string, unknown>;
  readonly replicaId: string;
  readonly findings: string[];
}

/** Opens the store, stores a value when one is given, closes it. */
async function visit(folder: string, value?: unknown): Promise<Visit> {
  const { store, findings } = await openStore(folder);
  const channel = new Channel({ name: "data", storage: store.openChannel("data") });
  if (value !== undefined) channel.set("key", value);
  const contents = Object.fromEntries(channel.entries());
  const { replicaId } = channel;
  await channel.close();
  await store.close();
  return { contents, replicaId, findings: findings.map(({ code, message }) => `${code}: ${message}`) };
}

/** As `cp -a from/. to/`: files that are there are written over, and stay the same files. */
function copyOver(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(name.parentPath, name.name);
    const target = join(to, path.slice(from.length));
    if (name.isDirectory()) mkdirSync(target, { recursive: true });
    else writeFileSync(target, readFileSync(path));
  }
}

async function makeTwo(t: { after(cleanup: () => void): void }): Promise<{ folder: string; backup: string }> {
  const base = makeFolder(t);
  const [folder, backup] = [join(base, "store"), join(base, "backup")];
  await visit(folder, 1);
  cpSync(folder, backup, { recursive: true });
  return { folder, backup };
}

for (const what of ["db", "all that is in db"]) {
  test(`without ${what} it is reported as damage, once, and a new replica`, async (t) => {
    const folder = makeFolder(t);
    const first = await visit(folder, 1);
    const database = join(folder, "db");
    rmSync(database, { recursive: true });
    if (what !== "db") mkdirSync(database);
    const missing = await visit(folder);
    assert.is(missing.findings.length, 1);
    assert.match(missing.findings[0] as string, /^store-damaged: .*the database is missing/);
    assert.equal(missing.contents, {});
    assert.is.not(missing.replicaId, first.replicaId);
    assert.equal((await visit(folder, 2)).findings, []);
    assert.equal((await visit(folder)).findings, []);
  });
}

/** The manifest that LevelDB makes first: the comparator, no log, the next file and sequence. */
const FIRST_MANIFEST = Buffer.from("lXy5xSIAAQEabGV2ZWxkYi5CeXRld2lzZUNvbXBhcmF0b3ICAAMCBAA=", "base64");

test("a first start that was interrupted is not reported, wherever", async (t) => {
  const whole = makeFolder(t);
  await (await openStore(whole)).store.close();
  const interrupted: ((folder: string) => void)[] = [
    (folder) => mkdirSync(folder),
    (folder) => mkdirSync(join(folder, "lock"), { recursive: true }),
    (folder) => mkdirSync(join(folder, "db"), { recursive: true }),
    (folder) => {
      mkdirSync(join(folder, "db"), { recursive: true });
      writeFileSync(join(folder, "db", "MANIFEST-000001"), "");
    },
    (folder) => {
      mkdirSync(join(folder, "db"), { recursive: true });
      writeFileSync(join(folder, "db", "MANIFEST-000001"), FIRST_MANIFEST);
      writeFileSync(join(folder, "db", "CURRENT"), "MANIFEST-000001\n");
      writeFileSync(join(folder, "db", "000003.log"), "");
    },
    (folder) => {
      cpSync(whole, folder, { recursive: true });
      rmSync(join(folder, "place.json"));
      writeFileSync(join(folder, "place.json.new"), "{");
    },
  ];
  for (const [index, interrupt] of interrupted.entries()) {
    const folder = join(makeFolder(t), "store");
    interrupt(folder);
    assert.equal((await visit(folder, 1)).findings, [], `case ${index}`);
    assert.equal((await visit(folder)).findings, [], `case ${index}, again`);
  }
});

test("a backup copied over the folder is a copy, though the marker is the same file", async (t) => {
  const { folder, backup } = await makeTwo(t);
  const { replicaId } = await visit(folder, 2);
  copyOver(backup, folder);
  const restored = await visit(folder, 3);
  assert.is.not(restored.replicaId, replicaId);
  assert.match(restored.findings.join("\n"), "store-copied");
});

test("a database taken from a backup is a copy, and so is a marker", async (t) => {
  const { folder, backup } = await makeTwo(t);
  const { replicaId } = await visit(folder, 2);
  rmSync(join(folder, "db"), { recursive: true });
  cpSync(join(backup, "db"), join(folder, "db"), { recursive: true });
  const restored = await visit(folder, 3);
  assert.equal(
    restored.findings.map((finding) => finding.split(":")[0]),
    ["store-copied"],
  );
  assert.is.not(restored.replicaId, replicaId);
  cpSync(join(backup, "place.json"), join(folder, "place.json"));
  assert.match((await visit(folder)).findings.join("\n"), "store-copied");
});

test("a log that was cut short so far that it lacks its opening is a copy", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, 1);
  const { replicaId } = await visit(folder, 2);
  const log = readdirSync(join(folder, "db")).find((name) => name.endsWith(".log")) as string;
  truncateSync(join(folder, "db", log), 0);
  const cut = await visit(folder);
  assert.match(cut.findings.join("\n"), "store-copied");
  assert.is.not(cut.replicaId, replicaId);
  assert.equal(cut.contents, { key: 1 });
});

test("an opening that was interrupted between the database and the marker is none", async (t) => {
  const folder = makeFolder(t);
  const { replicaId } = await visit(folder, 1);
  for (let opening = 0; opening < 3; opening += 1) {
    const level = new ClassicLevel<string, Uint8Array>(join(folder, "db"), {
      valueEncoding: "view",
      compression: false,
    });
    // As the process leaves it that ends before it writes the marker; twice, since the next one may end there too.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await noteInDatabase(level, await findOpening({ path: folder, level }));
    }
    await level.close();
    const next = await visit(folder);
    assert.equal(next.findings, []);
    assert.is(next.replicaId, replicaId);
  }
});

for (const compression of [true, false]) {
  test(`a database of somebody else${compression ? ", compressed," : ""} is refused and left as it is`, async (t) => {
    const folder = makeFolder(t);
    const database = join(folder, "db");
    for (let run = 0; run < 2; run += 1) {
      const level = new ClassicLevel(database, { compression });
      for (let i = 0; i < 200; i += 1) await level.put(`user/${i}`, `x${run}`.repeat(200));
      if (run === 0) await level.compactRange("a", "z");
      await level.close();
    }
    const read = (): unknown[] =>
      readdirSync(database).map((name) => [name, readFileSync(join(database, name), "latin1")]);
    const before = read();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await assert.rejectsCode(openStore(folder), "store-failed");
      assert.match(error.message, "not a store of Chorus");
    }
    assert.equal(read(), before);
    assert.equal(readdirSync(folder).sort(), ["db", "lock"]);
  });
}

test("what others have put into the folder of the lock stays, when that is damaged too", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, 1);
  const lock = join(folder, "lock");
  mkdirSync(join(lock, "theirs", "deep"), { recursive: true });
  const theirs = ["theirs/deep/file", "notes.txt", "CURRENT.bak"].map((name) => join(lock, name));
  for (const path of theirs) writeFileSync(path, "precious");
  writeFileSync(join(lock, "CURRENT"), "garbage");
  assert.equal(await visit(folder), { ...(await visit(folder)), findings: [] });
  assert.ok(theirs.every((path) => existsSync(path)));
});

test("a file of the database that is too long to be read is damage, not the end of the store", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, 1);
  await visit(folder, 2); // of the first log there is a table now
  const log = readdirSync(join(folder, "db")).find((name) => name.endsWith(".log")) as string;
  truncateSync(join(folder, "db", log), 2 ** 31 + 1);
  const damaged = await visit(folder);
  assert.match(damaged.findings.join("\n"), `${log} is damaged`);
  assert.equal(damaged.contents, { key: 1 });
});
