// A folder that stays is the same place, a copy of it in any way is another.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { MARKER_NAME, readPlace } from "../src/store-place.js";
import { makeFolder } from "./store-helpers.js";

const test = suite("store place");

test("it stays the same while the folder does", async (t) => {
  const folder = makeFolder(t);
  const place = await readPlace(folder);
  assert.match(place, /^[\da-f-]{36}$/);
  assert.is(await readPlace(folder), place);
});

test("it survives moving the folder within its filesystem", async (t) => {
  const [from, to] = [join(makeFolder(t), "a"), join(makeFolder(t), "b")];
  mkdirSync(from);
  const place = await readPlace(from);
  renameSync(from, to);
  assert.is(await readPlace(to), place);
  execFileSync("mv", [to, from]);
  assert.is(await readPlace(from), place);
});

const copies: [string, (from: string, to: string) => void][] = [
  ["cp -r", (from, to) => execFileSync("cp", ["-r", from, to])],
  ["cp -a", (from, to) => execFileSync("cp", ["-a", from, to])],
  ["fs.cp", (from, to) => cpSync(from, to, { recursive: true, preserveTimestamps: true })],
  ["tar", (from, to) => unpack(pack(from), to)],
];
for (const [name, copy] of copies) {
  test(`a copy by ${name} is another place, and stays that`, async (t) => {
    const base = makeFolder(t);
    const [from, to] = [join(base, "from"), join(base, "to")];
    mkdirSync(from);
    const place = await readPlace(from);
    copy(from, to);
    const copied = await readPlace(to);
    assert.is.not(copied, place);
    assert.is(await readPlace(to), copied);
    assert.is(await readPlace(from), place, "the original must not notice");
  });
}

test("a backup restored in place is another place, even if it gets the same inode number", async (t) => {
  const base = makeFolder(t);
  const folder = join(base, "store");
  mkdirSync(folder);
  const place = await readPlace(folder);
  const archive = pack(folder);
  rmSync(folder, { recursive: true });
  unpack(archive, folder);
  assert.is.not(await readPlace(folder), place);
});

test("a marker written over by its backup is the same place: the file was not replaced", async (t) => {
  const folder = makeFolder(t);
  const place = await readPlace(folder);
  writeFileSync(join(folder, MARKER_NAME), readFileSync(join(folder, MARKER_NAME)));
  assert.is(await readPlace(folder), place);
});

for (const content of ["", "null", "{}", '{"id":1,"inode":"2","born":"3"}', "\u0000\u0001garbage"]) {
  test(`a marker that contains ${JSON.stringify(content)} makes another place`, async (t) => {
    const folder = makeFolder(t);
    const place = await readPlace(folder);
    writeFileSync(join(folder, MARKER_NAME), content);
    const next = await readPlace(folder);
    assert.is.not(next, place);
    assert.is(await readPlace(folder), next);
  });
}

test("a missing marker makes another place", async (t) => {
  const folder = makeFolder(t);
  const place = await readPlace(folder);
  rmSync(join(folder, MARKER_NAME));
  assert.is.not(await readPlace(folder), place);
});

test("without a time of birth the inode number decides", async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, MARKER_NAME);
  await readPlace(folder);
  const inode = String(statSync(path, { bigint: true }).ino);
  writeFileSync(path, JSON.stringify({ id: "timeless", inode, born: "" }));
  assert.is(await readPlace(folder), "timeless");
  writeFileSync(path, JSON.stringify({ id: "timeless", inode: `${inode}0`, born: "" }));
  assert.is.not(await readPlace(folder), "timeless");
});

test("a temporary marker that a crash has left is no obstacle", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, `${MARKER_NAME}.new`), "half");
  const place = await readPlace(folder);
  assert.is(await readPlace(folder), place);
});

test("it rejects where the marker cannot be written", async (t) => {
  const folder = makeFolder(t);
  await assert.rejectsCode(readPlace(join(folder, "missing")), "ENOENT");
  mkdirSync(join(folder, MARKER_NAME));
  await assert.rejectsCode(readPlace(folder), "EISDIR");
});

function pack(folder: string): Buffer {
  return execFileSync("tar", ["-C", folder, "-cf", "-", "."]);
}

function unpack(archive: Buffer, folder: string): void {
  mkdirSync(folder);
  execFileSync("tar", ["-C", folder, "-xpf", "-"], { input: archive });
}
