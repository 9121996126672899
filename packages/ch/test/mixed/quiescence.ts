// When a mesh has come to rest: nothing is on its way, and all hold the same, also after everybody has looked again. It
// waits for conditions only, and changes nothing.
import { until } from "@chorus/testing";
import type { SeenRequest } from "../original/original-server.js";
import { differences, type Member } from "./members.js";

/** How often every link looks at its original before rest is believed. */
const LOOKS = 3;

export interface RestOptions {
  /** Default 20,000. */
  readonly deadlineMs?: number;
  /** Said when it takes too long, with the differences; a seed, for instance. */
  readonly what?: string;
}

/**
 * Resolves when all members are equal and stay so while every link looks at its original three times more.
 * @returns after how many milliseconds they were equal for good @throws Error with the differences at the deadline
 */
export async function atRest(members: readonly Member[], options: RestOptions = {}): Promise<number> {
  const { deadlineMs = 20_000, what = "" } = options;
  const began = performance.now();
  const left = (): number => Math.max(1, Math.ceil(deadlineMs - (performance.now() - began)));
  for (;;) {
    try {
      await sent(members, left());
      await until(() => differences(members).length === 0, { deadlineMs: left(), what: "all to be equal" });
      const tookMs = performance.now() - began;
      if (await staysEqual(members, left())) return tookMs;
    } catch (error) {
      const shown = differences(members).slice(0, 8).join("\n");
      throw new Error(`no rest after ${deadlineMs} ms ${what}: ${(error as Error).message}\n${shown}`);
    }
  }
}

/** Originals have sent what they could, peers of Chorus have nothing that waits to be sent. */
async function sent(members: readonly Member[], deadlineMs: number): Promise<void> {
  await Promise.all(
    members.map(async ({ original, chorus }) => {
      await original?.whenIdle();
      await chorus?.data.waitForJobs(deadlineMs);
    }),
  );
}

async function staysEqual(members: readonly Member[], deadlineMs: number): Promise<boolean> {
  const before = new Map(members[0]?.contents());
  await looks(members, { count: LOOKS, deadlineMs });
  if (differences(members).length > 0) return false;
  const after = members[0]?.contents() ?? new Map();
  return after.size === before.size && [...after].every(([key, value]) => before.get(key) === value);
}

/** Resolves when every link that a peer of Chorus has to an original has looked there so many times more. */
export async function looks(
  members: readonly Member[],
  { count, deadlineMs = 20_000 }: { readonly count: number; readonly deadlineMs?: number },
): Promise<void> {
  const servers = members.flatMap(({ original }) => original?.server ?? []);
  const wanted = servers.map((server) => {
    const counts = new Map<string, number>();
    // One request of the two of a pull's beginning may be there already.
    for (const request of server.seen.filter(isLook)) counts.set(userOf(request), -count);
    return { server, from: server.seen.length, counts };
  });
  const have = (): boolean => {
    for (const one of wanted) {
      const news = one.server.seen.slice(one.from).filter(isLook);
      one.from = one.server.seen.length;
      for (const user of news.map(userOf)) one.counts.set(user, (one.counts.get(user) ?? 0) + 1);
    }
    return wanted.every(({ counts }) => [...counts.values()].every((left) => left >= 0));
  };
  await until(have, { deadlineMs, what: `every link to look at its original ${count} times` });
}

function isLook({ method, op }: SeenRequest): boolean {
  return method === "GET" && op === "l";
}

/** Who sent a request, by the credentials in the URL it was given; "" for an original. */
export function userOf({ headers }: SeenRequest): string {
  const { authorization = "" } = headers;
  return (
    Buffer.from(authorization.replace(/^Basic /, ""), "base64")
      .toString()
      .split(":")[0] ?? ""
  );
}
