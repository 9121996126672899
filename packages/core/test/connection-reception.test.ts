import { assert, suite } from "@chorus/testing";
import { Reception } from "../src/connection-reception.js";
import { ANSWER_END, LIVE_UPDATE, PART } from "../src/frames.js";

const test = suite("reception");

/** A reception at a channel that only notes what is read ahead. */
function create() {
  const log: string[] = [];
  const replication = {
    openReading: () => {
      log.push("open");
      return {
        continue: (parts: readonly Uint8Array[]) => log.push(`read ${parts.length}`),
        end: () => log.push("end"),
      };
    },
    receive: () => "unchanged",
    absorb: () => log.push("absorb"),
    vector: () => new Map(),
    progress: { report: () => undefined, end: () => undefined },
  };
  const channel = { replication, runtime: { elapsed: () => 0 } };
  const host = { channel, limits: { absorbBytes: 8, maxAnswerBytes: 1_000 }, counters: {} };
  const question = { isOutstanding: true, part: () => undefined, alive: () => undefined };
  const reception = new Reception({
    owner: { host, source: {}, stored: () => undefined } as never,
    receives: true,
    question: question as never,
    known: () => new Map(),
    answered: () => undefined,
  });
  /** A part with one struct of session 7, from this clock on. */
  const part = (clock: number): Uint8Array => Uint8Array.of(1, 1, 7, clock, 0);
  return { log, reception, part };
}

test("an answer is read ahead once it is large, and not again because of live updates in between", () => {
  const { log, reception, part } = create();
  reception.receive(part(0), PART);
  assert.equal(log, []);
  reception.receive(part(1), PART);
  reception.receive(Uint8Array.of(0, 0), LIVE_UPDATE);
  reception.receive(part(2), PART);
  assert.equal(log, ["open", "read 2", "read 3"]);
  reception.receive(part(3), ANSWER_END);
  assert.equal(log.slice(3), ["end", "absorb"]);
});

test("nothing is read on when the connection is gone", () => {
  const { log, reception, part } = create();
  for (let clock = 0; clock < 3; clock++) reception.receive(part(clock), PART);
  reception.close();
  assert.equal(log, ["open", "read 2", "read 3", "end"]);
});
