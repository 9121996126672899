// What is done to a mesh of processes, drawn at random: each fault begins, lasts, and has ended when its promise resolves.
import { setTimeout as pause } from "node:timers/promises";
import type { Random } from "@chorus/simulation/parts";
import type { MeshMember } from "./mesh-member.js";
import type { Counts, Times } from "./tally.js";

export interface FaultHost {
  readonly random: Random;
  readonly members: readonly MeshMember[];
  readonly counts: Counts;
  readonly opened: Times;
  /** Starts a member again. @returns milliseconds until it had opened its store */
  readonly restart: (member: MeshMember) => Promise<number>;
}

type Fault = (host: FaultHost) => Promise<void>;

/** SIGKILL, and a new start after up to a second. */
async function kill({ random, members, counts, opened, restart }: FaultHost): Promise<void> {
  const member = random.pick(members);
  const downMs = random.chance(0.5) ? 0 : random.between(0, 1_000);
  await occupied(member, async () => {
    counts.add("kills");
    await member.kill();
    await pause(downMs);
    opened.add(await restart(member));
  });
}

async function freeze({ random, members, counts }: FaultHost): Promise<void> {
  const member = random.pick(members);
  const durationMs = random.between(100, 3_000);
  await occupied(member, async () => {
    counts.add("freezes");
    await member.freeze(durationMs);
  });
}

/** Resets what goes through some of the proxies. */
async function cut({ random, members, counts }: FaultHost): Promise<void> {
  for (const { outbound } of members) {
    for (const proxy of outbound) if (random.chance(0.3) && proxy.cut() > 0) counts.add("cut connections");
  }
}

/** Some proxies cut what there is and take nobody in for up to two seconds. */
async function refuse({ random, members, counts }: FaultHost): Promise<void> {
  const { inbound, outbound } = random.pick(members);
  const proxies = random.chance(0.3) ? [...inbound, ...outbound] : [random.pick(outbound)];
  counts.add("refusals");
  for (const proxy of proxies) {
    proxy.refuse(true);
    proxy.cut();
  }
  await pause(random.between(200, 2_000));
  for (const proxy of proxies) proxy.refuse(false);
}

/** Some proxies hold everything back for up to three seconds. */
async function stall({ random, members, counts }: FaultHost): Promise<void> {
  const { outbound } = random.pick(members);
  const proxy = random.pick(outbound);
  counts.add("stalls");
  proxy.stall(true);
  await pause(random.between(200, 3_000));
  proxy.stall(false);
}

const FAULTS: readonly Fault[] = [kill, kill, freeze, cut, refuse, stall];

/** Does one fault, drawn at random. */
export function doSomeFault(host: FaultHost): Promise<void> {
  return host.random.pick(FAULTS)(host);
}

/** Does it to a member that nothing else is done to at the moment; otherwise nothing. */
async function occupied(member: MeshMember, fault: () => Promise<void>): Promise<void> {
  if (member.isBusy) return;
  member.isBusy = true;
  try {
    await fault();
  } finally {
    member.isBusy = false;
  }
}
