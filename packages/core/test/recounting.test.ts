import { assert, suite } from "@chorus/testing";
import { Segment } from "../src/document/segment.js";
import type { SegmentDocument } from "../src/document/segment-document.js";
import { Recounting } from "../src/recounting.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("recounting");

function create(keysPerSegment: number) {
  const runtime = new VirtualRuntime();
  const done: string[] = [];
  const document = {
    recount: ({ id }: Segment): number => {
      done.push(id);
      return keysPerSegment;
    },
  };
  const recounting = new Recounting(runtime, () => document as unknown as SegmentDocument);
  const segments = (count: number, from = 0): Segment[] =>
    Array.from(
      { length: count },
      (_, i) => new Segment(`1.${from + i}`, { session: 1, owned: true, firstClock: 0 }),
    );
  return { runtime, done, recounting, segments };
}

test("does small segments at once", () => {
  const { done, recounting, segments } = create(10);
  recounting.add(segments(20));
  assert.is(done.length, 20);
});

test("lets other turns in between large ones, keeps the order, and forgets none", () => {
  const { runtime, done, recounting, segments } = create(4_096);
  recounting.add(segments(3));
  assert.equal(done, ["1.0"]);
  recounting.add(segments(2, 3));
  assert.equal(done, ["1.0"]);
  runtime.later(() => done.push("other"));
  runtime.settle();
  assert.equal(done, ["1.0", "1.1", "other", "1.2", "1.3", "1.4"]);
});

test("stops when it is closed", () => {
  const { runtime, done, recounting, segments } = create(5_000);
  recounting.add(segments(3));
  recounting.close();
  runtime.settle();
  assert.is(done.length, 1);
});
