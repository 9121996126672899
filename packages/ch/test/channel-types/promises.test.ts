import { assert, suite, until } from "@chorus/testing";
import { registry } from "./support.js";

// An unhandled rejection ends the process, and with it this file.
const test = suite("functions of virtual types that return promises");

const fail = async (): Promise<never> => {
  throw new Error("later");
};

test("tells of what a function rejects with where nobody waits for it", async (t) => {
  const { $ch, errors } = registry(t);
  $ch("target").create();
  const functions = [
    $ch("errFn").create("all", { chs: ["missing"], errFn: fail }),
    $ch("fn").create("all", { chs: ["target"], fn: fail as never }),
    $ch("fnTrans").create("all", { chs: ["target"], fnTrans: fail }),
    $ch("proxyFunc").create("proxy", { chTarget: "target", proxyFunc: fail }),
    $ch("errorFn").create("buffer", { bufferCh: "missing", bufferByNumber: 1, errorFn: fail }),
    $ch("bufferFunc").create("buffer", { bufferCh: "target", bufferFunc: fail }),
  ];
  for (const channel of functions) {
    try {
      channel.push("k", 1);
    } catch {
      // Answers that are promises may be refused, too.
    }
    const name = channel.getName();
    await until(() => errors.some((event) => event.channel === name), { what: `an event of ${name}` });
  }
  assert.ok(errors.every(({ error }) => error.code === "listener-failed"));
});

test("takes no promise of bufferFunc for a yes", async (t) => {
  const { $ch } = registry(t);
  const target = $ch("target").create();
  const buffer = $ch("buffer").create("buffer", { bufferCh: "target", bufferFunc: async () => true });
  buffer.set("k", 1);
  assert.is(target.size(), 0);
  buffer.destroy();
  assert.is(target.size(), 1);
});
