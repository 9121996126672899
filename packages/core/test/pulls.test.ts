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
