// Takes out of a state's log what all have applied who will ever do anything again. It changes the state in place, and
// must never change how it behaves.
import type { Ownership } from "./ownership.js";
import { droppedBy, type Mask, type State, withoutDrops, writtenMask } from "./state.js";

/** Folds what every replica has applied into the base, and forgets entries that nobody will meet again. */
export function foldSettled(state: State, ownership: Ownership): void {
  const settled = state.applied.reduce(
    (all, applied, replica) => (ownership.isGone(state, replica) ? all : all & applied),
    -1,
  );
  const everybody = (1 << state.log.length) - 1;
  if ((settled & everybody) === 0) return;
  let dropped = 0;
  for (let rest = settled & everybody; rest !== 0; rest &= rest - 1) {
    const packed = state.log[31 - Math.clz32(rest & -rest)] as number;
    state.base |= writtenMask(packed);
    dropped |= droppedBy(packed);
  }
  state.base &= ~dropped;
  // Where two own an entry both may drop it: what everybody has dropped is of no account in what is still on its way.
  state.log = state.log
    .filter((_, index) => !(settled & (1 << index)))
    .map((packed) => withoutDrops(packed, dropped));
  state.causes = state.causes
    .filter((_, index) => !(settled & (1 << index)))
    .map((mask) => compress(mask, settled));
  state.applied = state.applied.map((mask) => compress(mask, settled));
}

/** The mask without the bits of `removed`, the others moved together. */
function compress(mask: Mask, removed: Mask): Mask {
  let result = 0;
  let to = 0;
  for (let from = 0; mask >> from !== 0; from++) {
    if (removed & (1 << from)) continue;
    if (mask & (1 << from)) result |= 1 << to;
    to++;
  }
  return result;
}
