// Which code the words of the system and of LevelDB become. Messages as they were seen, paths made up.
import { ChorusError } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { openingError } from "../src/store-errors.js";

const test = suite("store errors");

/** As classic-level wraps what LevelDB says. */
function levelError(code: string, message: string): Error {
  const cause = Object.assign(new Error(message), { code });
  return Object.assign(new Error("Database failed to open", { cause }), { code: "LEVEL_DATABASE_NOT_OPEN" });
}

function systemError(message: string): Error {
  return Object.assign(new Error(message), { code: message.split(":")[0] });
}

const cases: [string, Error][] = [
  ["store-locked", levelError("LEVEL_LOCKED", "IO error: lock /s/lock/LOCK: already held by process")],
  [
    "store-locked",
    levelError("LEVEL_LOCKED", "IO error: lock /s/lock/LOCK: Resource temporarily unavailable"),
  ],
  ["store-full", levelError("LEVEL_IO_ERROR", "IO error: /s/db/MANIFEST-000004: No space left on device")],
  ["store-full", levelError("LEVEL_IO_ERROR", "IO error: /s/db/000003.log: Disk quota exceeded")],
  ["store-full", systemError("ENOSPC: no space left on device, mkdir '/s'")],
  ["store-unwritable", levelError("LEVEL_IO_ERROR", "IO error: /s/lock/LOCK: Read-only file system")],
  ["store-unwritable", levelError("LEVEL_IO_ERROR", "IO error: /s/lock/LOCK: Operation not permitted")],
  ["store-unwritable", levelError("LEVEL_IO_ERROR", "IO error: /s/lock/LOCK: Permission denied")],
  ["store-unwritable", systemError("EEXIST: file already exists, mkdir '/s'")],
  ["store-unwritable", systemError("EROFS: read-only file system, open '/s/place.json.new'")],
  ["store-failed", levelError("LEVEL_IO_ERROR", "IO error: /s/lock/LOCK: Too many open files")],
  ["store-failed", levelError("LEVEL_IO_ERROR", "IO error: /s/db/000005.ldb: Input/output error")],
  ["store-failed", levelError("LEVEL_CORRUPTION", "Corruption: CURRENT file does not end with newline")],
  ["store-failed", systemError("EMFILE: too many open files, open '/s/place.json'")],
];

for (const [code, error] of cases) {
  const words = ((error.cause as Error | undefined) ?? error).message;
  test(`it is ${code}: ${words}`, () => {
    const told = openingError("/s", error);
    assert.is(told.code, code);
    assert.is(told.cause, error);
    assert.match(told.message, "/s");
  });
}

test("words in a path decide nothing", () => {
  const path = "/no space left/permission denied: /s";
  const level = levelError("LEVEL_IO_ERROR", `IO error: ${path}/LOCK: Too many open files`);
  assert.is(openingError(path, level).code, "store-failed");
  assert.is(
    openingError(path, systemError(`EMFILE: too many open files, open '${path}'`)).code,
    "store-failed",
  );
});

test("an error of ours stays as it is", () => {
  const newer = new ChorusError("store-newer", "the store is newer");
  assert.is(openingError("/s", newer), newer);
});
