// Who dials whom in a simulated world. Every topology keeps all replicas connected, some of them through others only.
import type { Profile } from "./profile.js";
import type { Random } from "./random.js";

/** Which hosts each host dials; undirected edges become one dial, or two at once. */
export function chooseDials(profile: Profile, random: Random): Map<number, number[]> {
  const dials = new Map<number, number[]>();
  const add = (from: number, to: number): void => {
    dials.set(from, [...(dials.get(from) ?? []), to]);
  };
  for (const [a, b] of edgesOf(profile, random)) {
    const direction = random.below(3);
    if (direction !== 0) add(a, b);
    if (direction !== 1) add(b, a);
  }
  // As the original's example does: one list for all, one's own URL included.
  if (profile.topology === "full" && random.chance(0.5)) {
    const everybody = Array.from({ length: profile.replicas }, (_, index) => index);
    for (const host of everybody) dials.set(host, everybody);
  }
  return dials;
}

function edgesOf(profile: Profile, random: Random): [number, number][] {
  const edges: [number, number][] = [];
  for (let b = 1; b < profile.replicas; b++) {
    for (let a = 0; a < b; a++) {
      // Every topology keeps the replicas connected: in the partial one a random tree, and some edges more.
      const wanted = {
        full: true,
        chain: a === b - 1,
        star: a === 0,
        partial: random.chance(0.3),
      };
      if (wanted[profile.topology]) edges.push([a, b]);
    }
    if (profile.topology === "partial") edges.push([random.below(b), b]);
  }
  return edges;
}
