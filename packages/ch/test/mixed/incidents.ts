// What goes wrong in a mesh on purpose: originals that lose requests or answers, hang, are away or start again with
// nothing, and connections that are cut. Everything is undone at the end of an incident; what was lost stays lost.
import type { OriginalPeer } from "../original/original-peer.js";
import type { Mesh } from "./mesh.js";
import { atRest } from "./quiescence.js";
import type { Random } from "./random.js";

export interface Incident {
  readonly name: string;
  /** Ends it; the peers have to find together again by themselves. */
  end(): Promise<void>;
}

export const INCIDENTS = [
  "drops",
  "loses answers",
  "hangs",
  "is away",
  "starts again",
  "is cut off",
] as const;

/** Lets something happen to one of the originals. */
export async function begin(mesh: Mesh, random: Random): Promise<Incident> {
  const kind = random.pick(INCIDENTS);
  const place = random.below(mesh.originals.length);
  const original = mesh.originals[place];
  if (!original) throw new Error("a mesh without originals");
  const name = `O${place} ${kind}`;
  if (kind === "is cut off") return cut(mesh, place, random);
  if (kind === "is away") {
    await original.server.refuse();
    return { name, end: () => original.server.listenAgain() };
  }
  if (kind === "starts again") {
    await original.restart();
    return { name, end: () => peered(mesh, place) };
  }
  spoil(original, kind, random.fork());
  return { name, end: async () => heal(original) };
}

/**
 * Not before the others are equal: it takes over what one of them holds and tells it all of them, where it overwrites
 * what is later. No peer of Chorus can always tell such an overwriting from a write.
 */
async function peered(mesh: Mesh, place: number): Promise<void> {
  const original = mesh.originals[place];
  await atRest(mesh.members);
  await original?.peer(mesh.urls(place));
  await original?.whenIdle();
}

function spoil({ server: { faults } }: OriginalPeer, kind: string, random: Random): void {
  faults.random = () => random.next();
  if (kind === "drops") faults.dropFraction = 0.3;
  else if (kind === "loses answers") faults.loseReplyFraction = 0.3;
  else faults.hang = true;
}

/** Requests that hang never get an answer. */
function heal({ server: { faults } }: OriginalPeer): void {
  Object.assign(faults, { hang: false, dropFraction: 0, loseReplyFraction: 0 });
}

/** An original and any other peer cannot reach each other. */
function cut({ ways, members }: Mesh, place: number, random: Random): Incident {
  if (!ways) throw new Error("this mesh cannot be cut");
  const other = (place + 1 + random.below(members.length - 1)) % members.length;
  ways.cutPair(place, other);
  return {
    name: `O${place} and ${members[other]?.name} are cut`,
    end: async () => ways.healPair(place, other),
  };
}
