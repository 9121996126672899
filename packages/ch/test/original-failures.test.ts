import { assert, suite } from "@chorus/testing";
import { startChorusPeers } from "./chorus-peers.js";
import { cutOffAndHealed, writtenAtOnce } from "./original/failures.js";
import { startOriginalPeers } from "./original/original-peers.js";

const test = suite("failures of the original", { deadlineMs: 20_000 });

test("originals lose what was written during a cut, and never get it back", async () => {
  const { written, healed, held, different } = await cutOffAndHealed(startOriginalPeers);
  assert.is(written, 68);
  assert.equal(healed, [60, 60, 10]);
  assert.equal(held, [63, 63, 13]);
  assert.is(different.length, 60);
});

test("Chorus peers lose nothing in a cut", async () => {
  const { written, healed, held, different } = await cutOffAndHealed(startChorusPeers);
  assert.equal(healed, [65, 65, 65]);
  assert.equal(held, [written, written, written]);
  assert.equal(different, []);
});

test("originals that write the same keys at once end with each other's values", async () => {
  const { held, different, swapped } = await writtenAtOnce(startOriginalPeers);
  assert.equal(held, [100, 100]);
  assert.equal([different.length, swapped], [100, 100]);
});

test("Chorus peers that write the same keys at once end equal", async () => {
  const { held, different, swapped } = await writtenAtOnce(startChorusPeers);
  assert.equal(held, [100, 100]);
  assert.equal([different.length, swapped], [0, 0]);
});
