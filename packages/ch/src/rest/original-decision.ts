// What to do about one key of which an original OpenAF peer and this channel hold something: the rules, as pure
// functions. They know no connection and write nothing.

/** The hash that stands for "no value". Hashes of values are never negative. */
export const ABSENT = -1;

/** What both sides had in common when they were last compared, or what was known to be superseded here. */
export interface Known {
  /** Hash of what the original held then, or ABSENT. */
  readonly hash: number;
  /** Core's stamp of the key here when the two were equal; SUPERSEDED when ours is later than what is there. */
  readonly stamp: number;
}

/** No stamp is this one: ours has changed since. */
export const SUPERSEDED = -2;

/** Everything that is decided on. Hashes are of canonical values; ABSENT is a value like any other. */
export interface KeyState {
  /** Hash of what the original holds. */
  readonly there: number;
  /** Hash of what this channel holds. */
  readonly here: number;
  /** Core's highest stamp of the key, that of a deletion included; -1 when it was never written. */
  readonly stamp: number;
  /** What is here was written before `known`: it came back, from a replica that had not heard of its deletion. */
  readonly isFromBefore: boolean;
  /** Undefined: this original was never compared with, or not for this key. */
  readonly known: Known | undefined;
  /** The value there was a value here, or was told by an original and merged here, since `known`. */
  readonly wasHere: boolean;
  /** An original that peered anew had kept the value there from before, and told it everybody: nobody wrote it. */
  readonly isOld: boolean;
  /** At how many pulls in a row this value was there, this one included. */
  readonly sights: number;
  /** A call here wrote the key, and the original has not got that yet. */
  readonly isOurs: boolean;
  /** The original's process may have been started again: that it lacks a key says nothing. */
  readonly isRestarted: boolean;
}

/**
 * agree: both hold the same. push: ours is later, the original gets it. take: theirs is later, it is written here so
 * that it wins. merge: nobody knows, it is written here with the time of the original's last change, and when that does
 * not win, the original gets ours. wait: look again at the next pull, its own message may be under way.
 */
export type Decision = "agree" | "push" | "take" | "merge" | "wait";

/** So often something is to be seen before it is believed: the original's own message may be under way. */
const SIGHTS = 2;
/**
 * The same where another replica wrote what is here: that one knows what the original held when it got it, decides after
 * SIGHTS, and must be first.
 */
const PATIENT_SIGHTS = 4;

export function decide(state: KeyState): Decision {
  const { there, here, stamp, known, sights, isOurs } = state;
  if (there === here) return "agree";
  if (known === undefined || state.isRestarted) return decideAnew(state);
  // They have nothing new. What was deleted later than it was written stays deleted, although a replica had kept it.
  if (there === known.hash) return there === ABSENT && state.isFromBefore ? "take" : "push";
  if (state.isOld) return "push";
  // Nothing was written here, not even the same value again: what is there was written over it. What an original told
  // us of it does not matter: it may have lost here against a clock that is a little fast.
  if (stamp === known.stamp) return sights >= SIGHTS ? "take" : "wait";
  // Both changed. What was here and is no longer was superseded by what is here.
  const needed = isOurs ? SIGHTS : PATIENT_SIGHTS;
  if (state.wasHere) return isOurs || sights >= needed ? "push" : "wait";
  return sights >= needed ? "merge" : "wait";
}

/** The first contact, or the first after a restart. Absence deletes nothing: it may never have had the key. */
function decideAnew({ there, known, wasHere, isOld, sights }: KeyState): Decision {
  if (there === ABSENT) return "push";
  if (there === known?.hash || wasHere || isOld) return "push";
  // After a restart: it may have got that from others when it peered, and be about to say so.
  return known !== undefined && sights < SIGHTS ? "wait" : "merge";
}
