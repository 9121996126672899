// Wherever a file of a store is cut: it opens, and what is intact is kept. What is checked each time stands in
// damaged-store.ts.
import { suite } from "@chorus/testing";
import { checkRounds, type Damaging } from "./damaged-store.js";

const test = suite("store damage by cuts", { deadlineMs: 120_000 });

const cut: Damaging = (bytes, random) => {
  const at = random(bytes.length);
  return { bytes: bytes.subarray(0, at), what: `cut at ${at}` };
};

test("a store with a file cut short opens, 1,000 times", (t) =>
  checkRounds(t, { damage: cut, seed: 20_262, least: 0.7 }));
