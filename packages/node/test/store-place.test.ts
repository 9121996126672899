// A folder that stays is the same place, a copy of it in any way is another.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { MARKER_NAME, readPlace, writePlace } from "../src/store-place.js";
import { makeFolder } from "./store-helpers.js";

const test = suite("store place");
const OPENING = "1";

/** Makes a folder a place, as its first opening does. */
async function makePlace(folder: string, id = "first"): Promise<string> {
  await writePlace(folder, { id, opening: OPENING });
  return id;
}

async function readId(folder: string): Promise<string | undefined> {
  return (await readPlace(folder)).place?.id;
}

test("it stays the same while the folder does", async (t) => {
  const folder = makeFolder(t);
  assert.equal(await readPlace(folder), { hasMarker: false, place: undefined });
  await makePlace(folder);
  const found = { hasMarker: true, place: { id: "first", opening: OPENING } };
  assert.equal(await readPlace(folder), found);
  assert.equal(await readPlace(folder), found);
});

test("it survives moving the folder within its filesystem", async (t) => {
  const [from, to] = [join(makeFolder(t), "a"), join(makeFolder(t), "b")];
  mkdirSync(from);
  const place = await makePlace(from);
  renameSync(from, to);
  assert.is(await readId(to), place);
  execFileSync("mv", [to, from]);
  assert.is(await readId(from), place);
});

const copies: [string, (from: string, to: string) => void][] = [
  ["cp -r", (from, to) => execFileSync("cp", ["-r", from, to])],
  ["cp -a", (from, to) => execFileSync("cp", ["-a", from, to])],
  ["fs.cp", (from, to) => cpSync(from, to, { recursive: true, preserveTimestamps: true })],
  ["tar", (from, to) => unpack(pack(from), to)],
];
for (const [name, copy] of copies) {
  test(`a copy by ${name} is no place that was, and the original does not notice`, async (t) => {
    const base = makeFolder(t);
    const [from, to] = [join(base, "from"), join(base, "to")];
    mkdirSync(from);
    const place = await makePlace(from);
    copy(from, to);
    assert.equal(await readPlace(to), { hasMarker: true, place: undefined });
    await makePlace(to, "copied");
    assert.is(await readId(to), "copied");
    assert.is(await readId(from), place);
  });
}

test("a backup restored in place is a copy, even if it gets the same inode number", async (t) => {
  const base = makeFolder(t);
  const folder = join(base, "store");
  mkdirSync(folder);
  await makePlace(folder);
  const archive = pack(folder);
  rmSync(folder, { recursive: true });
  unpack(archive, folder);
  assert.is(await readId(folder), undefined);
});

test("a marker written over by a backup of itself is no copy: nothing was opened in between", async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, MARKER_NAME);
  const place = await makePlace(folder);
  writeFileSync(path, readFileSync(path));
  assert.is(await readId(folder), place);
});

test("a marker written over by that of an earlier opening is a copy", async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, MARKER_NAME);
  // An inode number that is free again may be given again, so more than once.
  for (let opening = 0; opening < 5; opening += 1) {
    const place = await makePlace(folder);
    const backup = readFileSync(path);
    await makePlace(folder);
    assert.is(await readId(folder), place);
    await makePlace(folder);
    writeFileSync(path, backup);
    assert.is(await readId(folder), undefined);
  }
});

const DAMAGED = ["", "null", "{}", '{"id":1,"inode":"2","born":"3","opening":"4"}', "\u0000\u0001garbage"];
for (const content of DAMAGED) {
  test(`a marker that contains ${JSON.stringify(content)} is as good as a copy`, async (t) => {
    const folder = makeFolder(t);
    await makePlace(folder);
    writeFileSync(join(folder, MARKER_NAME), content);
    assert.equal(await readPlace(folder), { hasMarker: true, place: undefined });
  });
}

test("without a time of birth the inode number decides", async (t) => {
  const folder = makeFolder(t);
  const path = join(folder, MARKER_NAME);
  await makePlace(folder);
  const inode = String(statSync(path, { bigint: true }).ino);
  const marker = { id: "timeless", inode, born: "", opening: OPENING };
  writeFileSync(path, JSON.stringify(marker));
  assert.is(await readId(folder), "timeless");
  writeFileSync(path, JSON.stringify({ ...marker, inode: `${inode}0` }));
  assert.is(await readId(folder), undefined);
});

test("a temporary marker that a crash has left is no obstacle, and no marker", async (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, `${MARKER_NAME}.new`), "half");
  assert.equal(await readPlace(folder), { hasMarker: false, place: undefined });
  const place = await makePlace(folder);
  assert.is(await readId(folder), place);
});

test("it rejects where the marker cannot be written or read", async (t) => {
  const folder = makeFolder(t);
  await assert.rejectsCode(makePlace(join(folder, "missing")), "ENOENT");
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
