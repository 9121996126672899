import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ChorusError, systemRuntime } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { FileWriter } from "../src/file-writer.js";
import { readRows } from "../src/row-file.js";
import { SlicedText } from "../src/sliced-text.js";
import { folder } from "./support.js";

const test = suite("file writer");

/** A text that is made when its turn comes. */
function text(make: () => string): SlicedText {
  function* steps(): Generator<undefined, string> {
    yield;
    return make();
  }
  return new SlicedText(steps());
}

/** Answers of writes, in order. */
function answers() {
  const list: (string | undefined)[] = [];
  return { list, done: (failure: ChorusError | undefined) => void list.push(failure?.code) };
}

test("makes one write of all that is asked for meanwhile, with the newest text", async (t) => {
  const path = join(await folder(t), "rows");
  const writer = FileWriter.claim(path, systemRuntime);
  const { list, done } = answers();
  let value = 0;
  let taken = 0;
  const take = (): string => {
    taken++;
    return JSON.stringify([value]);
  };
  for (value = 1; value <= 50; value++) writer.request({ text: text(take), done });
  const written = writer.whenWritten();
  await new Promise((resolve) => setImmediate(resolve));
  value = 100;
  for (let i = 0; i < 50; i++) writer.request({ text: text(take), done });
  await written;
  await writer.whenWritten();
  assert.equal(readRows(path).rows, [100]);
  assert.is(taken, 2);
  assert.equal(list, [undefined, undefined]);
  writer.release();
});

test("waits for what was asked for until now, not for what comes later", async (t) => {
  const path = join(await folder(t), "rows");
  const writer = FileWriter.claim(path, systemRuntime);
  let isOver = false;
  let writes = 0;
  const { done } = answers();
  const again = (): void => {
    writes++;
    if (!isOver) writer.request({ text: text(() => `[${writes}]`), done: again });
  };
  writer.request({ text: text(() => "[0]"), done: again });
  await writer.whenWritten();
  assert.ok(writes >= 1);
  isOver = true;
  await writer.whenWritten();
  writer.request({ text: text(() => '["end"]'), done });
  await writer.whenWritten();
  assert.equal(readRows(path).rows, ["end"]);
  writer.release();
  await writer.whenWritten();
});

test("belongs to one owner at a time, also while the last write goes on", async (t) => {
  const path = join(await folder(t), "rows");
  const first = FileWriter.claim(path, systemRuntime);
  assert.throwsCode(() => FileWriter.claim(path, systemRuntime), "file-failed");
  const { list, done } = answers();
  first.request({ text: text(() => "[1]"), done });
  first.release();
  assert.is(FileWriter.lastWords(path), "[1]");
  const second = FileWriter.claim(path, systemRuntime);
  assert.is(second, first);
  second.request({ text: text(() => "[3]"), done });
  await second.whenWritten();
  assert.equal(readRows(path).rows, [3]);
  assert.is(FileWriter.lastWords(path), undefined);
  second.release();
  assert.not(FileWriter.claim(path, systemRuntime) === first, "nothing is kept of a path that nobody writes");
  assert.equal(list, [undefined]);
});

test("says what failed, and writes at the next request", async (t) => {
  const path = join(await folder(t), "gone", "rows");
  const writer = FileWriter.claim(path, systemRuntime);
  const { list, done } = answers();
  const fail = (): string => {
    throw new Error("no text");
  };
  writer.request({ text: text(() => "[1]"), done });
  await writer.whenWritten();
  writer.request({ text: text(fail), done });
  await writer.whenWritten();
  mkdirSync(join(path, ".."));
  writer.request({ text: text(() => "[2]"), done });
  await writer.whenWritten();
  assert.equal(list, ["file-failed", "file-failed", undefined]);
  assert.equal(readRows(path).rows, [2]);
  rmSync(join(path, ".."), { recursive: true });
  writer.request({ text: text(fail), done });
  writer.release();
  await writer.whenWritten();
  assert.is(list.at(-1), "file-failed");
  assert.is(FileWriter.lastWords(path), undefined);
});

test("rests between writes of a text that takes long to make, until somebody waits", async (t) => {
  const path = join(await folder(t), "rows");
  let elapsedMs = 0;
  const delays: number[] = [];
  const runtime = {
    ...systemRuntime,
    elapsed: () => elapsedMs,
    after: (delayMs: number) => {
      delays.push(delayMs);
      return { cancel: () => undefined };
    },
  };
  const writer = FileWriter.claim(path, runtime);
  let writes = 0;
  const done = (): void => {
    // Asked for while the first was written.
    if (writes === 1) writer.request({ text: text(take), done });
  };
  const take = (): string => {
    writes++;
    elapsedMs += 20;
    return `[${writes}]`;
  };
  writer.request({ text: text(take), done });
  while (delays.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(delays, [180]);
  assert.is(writes, 1);
  await writer.whenWritten();
  assert.is(writes, 2);
  writer.release();
});

test("makes a long text in turns, and at once what its last owner leaves", async (t) => {
  const path = join(await folder(t), "rows");
  let elapsedMs = 0;
  const writer = FileWriter.claim(path, { ...systemRuntime, elapsed: () => elapsedMs });
  let steps = 0;
  function* long(): Generator<undefined, string> {
    for (; steps < 10; steps++) {
      elapsedMs += 5;
      yield;
    }
    return "[10]";
  }
  const { list, done } = answers();
  writer.request({ text: new SlicedText(long()), done });
  while (steps === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(steps < 5, "two steps are a turn");
  assert.is(FileWriter.lastWords(path), undefined);
  writer.release();
  assert.is(FileWriter.lastWords(path), "[10]");
  await writer.whenWritten();
  assert.equal(readRows(path).rows, [10]);
  assert.equal(list, [undefined]);
});
