// A store on a real disk: what it keeps over restarts, who may open it, and what each refusal is called.
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Channel, Store } from "@chorus/core";
import { openStore } from "@chorus/node";
import { assert, suite, type TestContext } from "@chorus/testing";
import { ClassicLevel } from "classic-level";
import { bindMount, makeFolder, mountDisk, whyNoDisk } from "./store-helpers.js";

const test = suite("open store", { deadlineMs: 20_000 });
const child = fileURLToPath(new URL("./fixtures-store.js", import.meta.url));

/** What a channel has in a store that is opened and closed for it, and what was found. */
async function visit(
  folder: string,
  use?: (channel: Channel) => void,
): Promise<{ contents: Record<string, unknown>; replicaId: string; codes: string[] }> {
  const { store, findings } = await openStore(folder);
  const channel = new Channel({ name: "data", storage: store.openChannel("data") });
  use?.(channel);
  const contents = Object.fromEntries(channel.entries());
  const { replicaId } = channel;
  if (use) await channel.whenDurable();
  await channel.close();
  await store.close();
  return { contents, replicaId, codes: findings.map(({ code }) => code) };
}

/** Starts the other process; resolves when it has stored something. */
async function startOther(t: TestContext, folder: string, level: string): Promise<ChildProcess> {
  const other = spawn(process.execPath, [child, folder, level], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => other.kill("SIGKILL"));
  await new Promise<void>((resolve, reject) => {
    other.stdout.once("data", () => resolve());
    other.once("exit", (code) => reject(new Error(`the other process ended with ${code}`)));
  });
  return other;
}

test("it makes the folder, and keeps channels and who they are over restarts", async (t) => {
  const folder = join(makeFolder(t), "deep", "er", "store");
  const first = await visit(folder, (channel) => channel.set("a", { b: [1, "ü"] }));
  const second = await visit(folder, (channel) => channel.set("c", 2));
  const third = await visit(folder);
  assert.equal(first.codes, []);
  assert.equal(second.contents, { a: { b: [1, "ü"] }, c: 2 });
  assert.equal(third, { ...second, codes: [] });
  assert.is(first.replicaId, third.replicaId);
});

test("one store holds many channels, and knows their names", async (t) => {
  const folder = makeFolder(t);
  const { store } = await openStore(folder, { level: "os" });
  assert.instance(store, Store);
  assert.is(store.level, "os");
  assert.equal(store.names(), []);
  const names = ["a", "a/b", "ä", "A"];
  const channels = names.map((name) => new Channel({ name, storage: store.openChannel(name) }));
  for (const channel of channels) channel.set("name", channel.name);
  await Promise.all(channels.map((channel) => channel.close()));
  await store.close();
  const next = await openStore(folder);
  assert.is(next.store.level, "sync");
  assert.equal([...next.store.names()].sort(), [...names].sort());
  for (const name of names) {
    const channel = new Channel({ name, storage: next.store.openChannel(name) });
    assert.is(channel.get("name"), name);
    await channel.close();
  }
  await next.store.close();
});

test("wrong arguments are refused before anything is made", async (t) => {
  const folder = join(makeFolder(t), "store");
  for (const wrong of ["", 5, undefined, "a\0b"]) {
    await assert.rejectsCode(openStore(wrong as string), "invalid-option");
  }
  for (const wrong of [{ level: "async" }, { levle: "os" }, { retryMs: 0 }, { maxQueuedBytes: "1" }, null]) {
    await assert.rejectsCode(openStore(folder, wrong as object), "invalid-option");
  }
  assert.not(existsSync(folder));
});

test("it is locked for the rest of this process while it is open, and no longer", async (t) => {
  const folder = makeFolder(t);
  const { store } = await openStore(folder);
  const error = await assert.rejectsCode(openStore(folder), "store-locked");
  assert.ok(error.cause);
  await assert.rejectsCode(openStore(join(folder, ".")), "store-locked");
  await store.close();
  assert.equal((await visit(folder)).codes, []);
});

test("it is locked under all its paths: a second writer would lose what was acknowledged", async (t) => {
  const base = makeFolder(t);
  const [folder, link] = [join(base, "store"), join(base, "link")];
  mkdirSync(folder);
  symlinkSync(folder, link);
  const { store } = await openStore(link);
  await assert.rejectsCode(openStore(folder), "store-locked");
  await store.close();
  const next = await openStore(folder);
  await assert.rejectsCode(openStore(link), "store-locked");
  await next.store.close();
});

test("an attempt to open it again does not unlock it for other processes", async (t) => {
  const folder = makeFolder(t);
  const { store } = await openStore(folder);
  t.after(() => store.close());
  await assert.rejectsCode(openStore(folder), "store-locked");
  const other = spawn(process.execPath, [child, folder, "sync"], { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => other.kill("SIGKILL"));
  let words = "";
  for await (const chunk of other.stderr) words += chunk;
  // That of the whole folder: the database has a lock too, but one that does not cover its mending.
  assert.match(words, "/lock/LOCK");
});

for (const level of ["sync", "os"]) {
  test(`level ${level}: it is locked for other processes until they are killed, and loses nothing`, async (t) => {
    const folder = makeFolder(t);
    const other = await startOther(t, folder, level);
    await assert.rejectsCode(openStore(folder), "store-locked");
    const ended = new Promise((resolve) => other.once("exit", resolve));
    other.kill("SIGKILL");
    await ended;
    const { contents, codes } = await visit(folder);
    assert.equal(contents, { from: "the other process" });
    assert.equal(codes, []);
  });
}

test("a file in the way, of the folder or above it, is store-unwritable", async (t) => {
  const file = join(makeFolder(t), "file");
  writeFileSync(file, "");
  const error = await assert.rejectsCode(openStore(file), "store-unwritable");
  assert.ok(error.cause);
  await assert.rejectsCode(openStore(join(file, "store")), "store-unwritable");
});

const noDisk = whyNoDisk();
if (noDisk !== undefined) test.skip("a read-only filesystem is store-unwritable; bind mounts", noDisk);
else {
  test("it is locked under the path of a bind mount", async (t) => {
    const base = makeFolder(t);
    const [folder, mounted] = [join(base, "store"), join(base, "mounted")];
    for (const path of [folder, mounted]) mkdirSync(path);
    bindMount(t, folder, mounted);
    const { store } = await openStore(folder);
    t.after(() => store.close());
    await assert.rejectsCode(openStore(mounted), "store-locked");
  });

  test("a read-only filesystem is store-unwritable, with a store and without", async (t) => {
    const disk = mountDisk(t, "size=2m");
    const folder = join(disk.path, "store");
    await visit(folder, (channel) => channel.set("key", 1));
    disk.remount("ro");
    await assert.rejectsCode(openStore(folder), "store-unwritable");
    await assert.rejectsCode(openStore(join(disk.path, "another")), "store-unwritable");
    disk.remount("rw");
    assert.equal((await visit(folder)).contents, { key: 1 });
  });
}

if (process.getuid?.() === 0) test.skip("a folder without rights", "root may write everywhere");
else {
  test("a folder without rights is store-unwritable", async (t) => {
    const folder = makeFolder(t);
    chmodSync(folder, 0o500);
    t.after(() => chmodSync(folder, 0o700));
    await assert.rejectsCode(openStore(folder), "store-unwritable");
  });
}

test("a copy is reported and goes on as another replica, a moved store is not", async (t) => {
  const base = makeFolder(t);
  const [original, copy, moved] = ["original", "copy", "moved"].map((name) => join(base, name)) as [
    string,
    string,
    string,
  ];
  const { replicaId } = await visit(original, (channel) => channel.set("key", 1));
  cpSync(original, copy, { recursive: true });
  const copied = await visit(copy);
  assert.equal(copied.codes, ["store-copied"]);
  assert.equal(copied.contents, { key: 1 });
  assert.is.not(copied.replicaId, replicaId);
  renameSync(original, moved);
  assert.equal(await visit(moved), { contents: { key: 1 }, replicaId, codes: [] });
});

test("a copy is reported once: it is a store of its own then", async (t) => {
  const base = makeFolder(t);
  const [original, copy] = [join(base, "original"), join(base, "copy")];
  await visit(original, (channel) => channel.set("key", 1));
  cpSync(original, copy, { recursive: true });
  const first = await visit(copy, (channel) => channel.set("key", 2));
  const second = await visit(copy);
  assert.equal([first.codes, second.codes], [["store-copied"], []]);
  assert.is(first.replicaId, second.replicaId);
});

test("a damaged database is put aside as it is, and only once", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, (channel) => channel.set("key", 1));
  await visit(folder, (channel) => channel.set("other", 2));
  const before = readdirSync(join(folder, "db")).sort();
  rmSync(join(folder, "db", "CURRENT"));
  const damaged = await visit(folder);
  assert.ok(damaged.codes.includes("store-damaged"));
  assert.equal(damaged.contents, { key: 1, other: 2 });
  const aside = readdirSync(folder).filter((name) => name.startsWith("damaged-"));
  assert.is(aside.length, 1);
  assert.equal(
    readdirSync(join(folder, aside[0] as string)).sort(),
    before.filter((name) => name !== "CURRENT"),
  );
  const again = await visit(folder, (channel) => channel.set("key", 3));
  assert.equal(again.contents, { key: 3, other: 2 });
  assert.is(readdirSync(folder).filter((name) => name.startsWith("damaged-")).length, 1);
});

test("mending that was interrupted is finished or begun again", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, (channel) => channel.set("key", 1));
  const salvaged = join(folder, "db-salvaged");
  mkdirSync(salvaged);
  writeFileSync(join(salvaged, "000003.log"), "half");
  assert.equal((await visit(folder)).codes, []);
  assert.not(existsSync(salvaged));
  renameSync(join(folder, "db"), salvaged);
  const finished = await visit(folder);
  assert.equal(finished.codes, ["store-damaged"]);
  assert.equal(finished.contents, { key: 1 });
  assert.not(existsSync(salvaged));
});

test("a store of a later version is store-newer, and left as it is", async (t) => {
  const folder = makeFolder(t);
  await visit(folder, (channel) => channel.set("key", 1));
  const level = new ClassicLevel<string, Buffer>(join(folder, "db"), { valueEncoding: "buffer" });
  const { frameRecord } = (await import(laterFormat)) as {
    frameRecord(key: string, payload: Uint8Array): Uint8Array;
  };
  for (const key of ["!store", "~store"]) {
    await level.put(key, Buffer.from(frameRecord(key, Buffer.from('{"format":2}'))));
  }
  await level.close();
  for (let attempt = 0; attempt < 2; attempt += 1) await assert.rejectsCode(openStore(folder), "store-newer");
});

/** Core keeps it to itself; a later version would frame its records in the same way. */
const laterFormat = new URL("../../../core/dist/src/storage/store-records.js", import.meta.url).href;
