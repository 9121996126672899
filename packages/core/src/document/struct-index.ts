// Finds a struct by its clock in the list of a session's structs. Yjs guesses from the beginning of the list, where
// collected segments stand for many clocks in one struct, and then halves its way through structs that no cache holds;
// here the guess is from the end, where a struct is mostly one clock. It changes nothing.

/** What is asked of a struct. */
interface Clocked {
  readonly id: { readonly clock: number };
  readonly length: number;
}

/** @param clock below the clock that follows the last struct @returns where the struct with this clock is */
export function structIndex(structs: readonly Clocked[], clock: number): number {
  const last = structs[structs.length - 1] as Clocked;
  // No struct stands for less than one clock: it is here, or further behind.
  let low = Math.max(0, structs.length - (last.id.clock + last.length - clock));
  if (clockAt(structs, low) === clock) return low;
  let high = structs.length - 1;
  for (let step = 8; low + step < high; step *= 2) {
    if (clockAt(structs, low + step) > clock) high = low + step - 1;
    else low += step;
  }
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (clockAt(structs, middle) > clock) high = middle - 1;
    else low = middle;
  }
  return low;
}

function clockAt(structs: readonly Clocked[], index: number): number {
  return (structs[index] as Clocked).id.clock;
}
