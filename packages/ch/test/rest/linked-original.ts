// A channel that is linked to one fake original on virtual time, with and without a password in the URL.
import { assert, type TestContext } from "@chorus/testing";
import { canonicalRows, FakeOriginal } from "./fake-original.js";
import { type LinkedChannel, linkedChannel } from "./linked-channel.js";
import { VirtualRuntime } from "./virtual-runtime.js";

export const URL = "http://original/data";
export const INTERVAL_MS = 5_000;
/** Two pulls, jitter included, and what follows them. */
export const TWO_PULLS_MS = 2 * INTERVAL_MS * 1.2;

export const WITH_PASSWORD = "http://user:secret@original/data";

export async function setUp(t: TestContext, prepare: (original: FakeOriginal) => void = () => undefined) {
  const runtime = new VirtualRuntime(1);
  const original = new FakeOriginal(runtime);
  prepare(original);
  const here = linkedChannel({ runtime, originals: { [URL]: original, [WITH_PASSWORD]: original } });
  t.after(() => here.close());
  const link = async (): Promise<void> => {
    await here.peer([URL]);
    await runtime.advance(100);
  };
  return { runtime, original, here, link };
}

export function assertEqual(original: FakeOriginal, here: LinkedChannel): void {
  assert.equal(here.rows(), canonicalRows(original.rows));
}
