// The parts that single replicas play in a history beyond writing: one that was retired, those that retired it, one
// whose store was copied, and the copy. One number of a state, and how to read it; it must never decide who owns what.
// A history has either a retired replica or a copied one, so that their fields share the same bits.
import type { Mask } from "./state.js";

/** No replica has played a part yet. */
export const NO_ROLES = 0;

/** The parts, each as a field of the number: where it begins, and how many bits it has. */
const RETIRED = [0, 3] as const;
const RETIRERS = [3, 4] as const;
const RESIGNED = [7, 4] as const;
const KEPT = [11, 4] as const;
const ORIGIN = [15, 3] as const;
const COPIED_AT = [18, 4] as const;
const AWAKE = [22, 1] as const;
const COPY_RENOUNCED = [23, 1] as const;
const MET_BY_COPY = [24, 4] as const;
/** Of each replica the others that it has heard, in a history in which one was retired. */
const MET_BY = [
  [15, 4],
  [19, 4],
  [23, 4],
  [27, 4],
] as const;

type Field = readonly [shift: number, width: number];

const read = (roles: number, [shift, width]: Field): number => (roles >> shift) & ((1 << width) - 1);
const write = (roles: number, [shift, width]: Field, value: number): number =>
  (roles & ~(((1 << width) - 1) << shift)) | (value << shift);

/** The replica that was retired, or that left without a word; -1 for none. */
export const retiredOf = (roles: number): number => read(roles, RETIRED) - 1;
/** The replicas that retired it. */
export const retirersOf = (roles: number): Mask => read(roles, RETIRERS);
/** Those of them that know that it is back under another name. */
export const resignedAtOf = (roles: number): Mask => read(roles, RESIGNED);
/** Index of the session that a replica was in when it renounced: it owns none before that. -1 for none. */
export const keptOf = (roles: number): number => read(roles, KEPT) - 1;
/** The replica whose store was copied, -1 for none. */
export const originOf = (roles: number): number =>
  read(roles, RETIRED) === 0 ? read(roles, ORIGIN) - 1 : -1;
/** Index of the session that it was in then: the copy knows of none after that. */
export const copiedAtOf = (roles: number): number => read(roles, COPIED_AT) - 1;
/** Whether the copy runs. */
export const isAwake = (roles: number): boolean => read(roles, AWAKE) !== 0;
/** The replicas from which one that retired another, or the copy, has got all they had since it last got anything new
 * of the retired one, or of its origin. */
export const metOf = (roles: number, replica: number): Mask => read(roles, metField(roles, replica));
/** Whether the copy knows what it is, and owns no earlier session. */
export const isCopyRenounced = (roles: number): boolean => read(roles, COPY_RENOUNCED) !== 0;

export const withRetired = (roles: number, replica: number): number => write(roles, RETIRED, replica + 1);
export const withRetirers = (roles: number, replicas: Mask): number => write(roles, RETIRERS, replicas);
export const withResignedAt = (roles: number, replicas: Mask): number => write(roles, RESIGNED, replicas);
export const withKept = (roles: number, sessionIndex: number): number => write(roles, KEPT, sessionIndex + 1);
export const withOrigin = (roles: number, replica: number, sessionIndex: number): number =>
  write(write(roles, ORIGIN, replica + 1), COPIED_AT, sessionIndex + 1);
export const withAwake = (roles: number): number => write(roles, AWAKE, 1);
export const withMet = (roles: number, replica: number, replicas: Mask): number =>
  write(roles, metField(roles, replica), replicas);
export const withCopyRenounced = (roles: number): number => write(roles, COPY_RENOUNCED, 1);

const metField = (roles: number, replica: number): Field =>
  retiredOf(roles) >= 0 ? (MET_BY[replica] as Field) : MET_BY_COPY;

/** The same parts with replicas and sessions numbered anew. */
export function renamedRoles(
  roles: number,
  order: readonly number[],
  sessionTo: (sessionIndex: number) => number,
): number {
  if (roles === NO_ROLES) return roles;
  const replicas = (mask: Mask): Mask =>
    order.reduce((all, from, to) => all | (((mask >> from) & 1) << to), 0);
  let renamed = roles;
  if (keptOf(roles) >= 0) renamed = withKept(renamed, sessionTo(keptOf(roles)));
  if (originOf(roles) >= 0) {
    renamed = withMet(renamed, order.length - 1, replicas(metOf(roles, order.length - 1)));
    return withOrigin(renamed, order.indexOf(originOf(roles)), sessionTo(copiedAtOf(roles)));
  }
  renamed = withRetired(renamed, order.indexOf(retiredOf(roles)));
  renamed = withRetirers(renamed, replicas(retirersOf(roles)));
  renamed = withResignedAt(renamed, replicas(resignedAtOf(roles)));
  return order.reduce((all, from, to) => withMet(all, to, replicas(metOf(roles, from))), renamed);
}
