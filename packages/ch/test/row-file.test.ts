import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, suite } from "@chorus/testing";
import { locateFile, readRows, removeLeftovers, replaceFile } from "../src/row-file.js";
import { folder } from "./support.js";

const test = suite("row file");

const ROWS = [{ id: 1, city: "Évora" }, { id: 2 }];

test("writes gzipped JSON that it reads again, and leaves nothing else", async (t) => {
  const path = join(await folder(t), "rows.gz");
  await replaceFile(path, "[]");
  await replaceFile(path, JSON.stringify(ROWS));
  assert.equal(JSON.parse(gunzipSync(readFileSync(path)).toString()), ROWS);
  const { rows, writtenMs } = readRows(path);
  assert.equal(rows, ROWS);
  assert.is(writtenMs, Math.floor(statSync(path).mtimeMs));
  assert.equal(readdirSync(join(path, "..")), ["rows.gz"]);
});

test("reads plain JSON, with a byte order mark too", async (t) => {
  const path = join(await folder(t), "rows.json");
  for (const text of [JSON.stringify(ROWS), `\uFEFF${JSON.stringify(ROWS, null, 2)}\n`]) {
    writeFileSync(path, text);
    assert.equal(readRows(path).rows, ROWS);
  }
});

const packed = gzipSync(JSON.stringify(ROWS));
const damaged = Buffer.from(packed);
damaged.writeUInt8(damaged.readUInt8(packed.length - 6) ^ 1, packed.length - 6);
const wrong: [string, Uint8Array | string][] = [
  ["nothing", ""],
  ["half a file", packed.subarray(0, packed.length / 2)],
  ["a damaged file", damaged],
  ["text that is no JSON", "hello"],
  ["JSON that is no array", '{"id":1}'],
  ["bytes that are no UTF-8", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
];
for (const [what, bytes] of wrong) {
  test(`refuses ${what}`, async (t) => {
    const path = join(await folder(t), "rows");
    writeFileSync(path, bytes);
    assert.throws(() => readRows(path));
  });
}

test("refuses a small file that unpacks to a large one", async (t) => {
  const path = join(await folder(t), "bomb");
  writeFileSync(path, gzipSync(`[${" ".repeat(100_000)}]`));
  assert.equal(readRows(path, 100_002).rows, []);
  assert.throws(() => readRows(path, 100_001), /larger than/);
  writeFileSync(path, `[${" ".repeat(100_000)}]`);
  assert.throws(() => readRows(path, 100_001), /over 100001 bytes/);
});

test("keeps the permissions of the file it replaces", async (t) => {
  const path = join(await folder(t), "secret");
  writeFileSync(path, "[]");
  chmodSync(path, 0o600);
  await replaceFile(path, "[1]");
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test("leaves the old file and no temporary one when it cannot take its place", async (t) => {
  const path = join(await folder(t), "rows");
  mkdirSync(join(path, "not-a-file"), { recursive: true });
  await assert.rejectsCode(replaceFile(path, "[]"), "EISDIR");
  assert.equal(readdirSync(join(path, "..")), ["rows"]);
  assert.equal(readdirSync(path), ["not-a-file"]);
});

test("removes what a crash left beside the file, and nothing else", async (t) => {
  const path = join(await folder(t), "rows");
  const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const others = ["rows", "rows.tmp", `rows.${uuid}`, `other.${uuid}.tmp`, "rows.backup.tmp"];
  for (const name of [...others, `rows.${uuid}.tmp`]) writeFileSync(join(path, "..", name), "");
  removeLeftovers(path);
  assert.equal(readdirSync(join(path, "..")).sort(), others.sort());
});

test("does not take a file that is being written for a leftover", async (t) => {
  const path = join(await folder(t), "rows");
  const writing = replaceFile(path, JSON.stringify("x".repeat(100_000)));
  let isWritten = false;
  void writing.finally(() => {
    isWritten = true;
  });
  while (!isWritten) {
    removeLeftovers(path);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writing;
  assert.equal(readdirSync(join(path, "..")), ["rows"]);
});

test("finds one path for a file, whatever way leads to it", async (t) => {
  const path = join(await folder(t), "rows");
  const found = locateFile(path);
  writeFileSync(path, "[]");
  symlinkSync(path, join(path, "..", "link"));
  assert.is(locateFile(path), found);
  assert.is(locateFile(relative(process.cwd(), path)), found);
  assert.is(locateFile(join(path, "..", "link")), found);
  assert.throwsCode(() => locateFile(join(path, "..", "missing", "rows")), "file-failed");
  assert.throwsCode(() => locateFile(""), "invalid-option");
  assert.throwsCode(() => locateFile(undefined), "invalid-option");
});
