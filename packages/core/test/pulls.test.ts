import { assert, suite } from "@chorus/testing";
import { Pulls } from "../src/pulls.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("pulls");

function create(): {
  runtime: VirtualRuntime;
  pulls: Pulls;
  asked: string[];
  puller(name: string): { pull(): void };
} {
  const runtime = new VirtualRuntime();
  const asked: string[] = [];
  const puller = (name: string) => ({ pull: () => void asked.push(name) });
  return { runtime, pulls: new Pulls(runtime, 10_000), asked, puller };
}

test("it lets one ask at a time, in order", () => {
  const { pulls, asked, puller } = create();
  const [a, b, c] = [puller("a"), puller("b"), puller("c")];
  for (const each of [a, b, c]) pulls.request(each);
  assert.equal(asked, ["a"]);
  pulls.release(b);
  pulls.release(a);
  assert.equal(asked, ["a", "c"]);
  pulls.release(c);
  assert.not(pulls.busy);
});

test("it passes the turn on after ten seconds without progress", () => {
  const { runtime, pulls, asked, puller } = create();
  const [a, b] = [puller("a"), puller("b")];
  pulls.request(a);
  runtime.advance(8_000);
  pulls.request(b);
  pulls.progress(a);
  runtime.advance(9_000);
  assert.equal(asked, ["a"]);
  runtime.advance(1_100);
  assert.equal(asked, ["a", "b"]);
  pulls.release(a);
  assert.ok(pulls.busy);
  pulls.release(b);
  assert.is(runtime.timers, 0);
});

for (const isWaiting of [true, false]) {
  test(`it ends a turn that trickles after thirty seconds, ${isWaiting ? "with" : "before"} somebody waiting`, () => {
    const { runtime, pulls, asked, puller } = create();
    const [a, b] = [puller("a"), puller("b")];
    pulls.request(a);
    if (isWaiting) pulls.request(b);
    for (let elapsed = 0; elapsed < 27_000; elapsed += 9_000) {
      runtime.advance(9_000);
      pulls.progress(a);
    }
    if (!isWaiting) {
      runtime.advance(9_000);
      pulls.progress(a);
      pulls.request(b);
      runtime.advance(1);
    } else {
      runtime.advance(2_999);
      assert.equal(asked, ["a"]);
      runtime.advance(1);
    }
    assert.equal(asked, ["a", "b"]);
    // What trickles on neither gives the turn back nor ends that of another, and may be asked again in its turn.
    pulls.progress(a);
    pulls.release(a);
    pulls.request(a);
    assert.equal(asked, ["a", "b"]);
    pulls.release(b);
    assert.equal(asked, ["a", "b", "a"]);
    pulls.release(a);
    assert.is(runtime.timers, 0);
  });
}
