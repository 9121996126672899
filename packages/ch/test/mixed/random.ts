// The one source of chance of the tests of mixed meshes: seeded, so that a run can be had again. The order in which
// sockets are served is the machine's, so a seed gives the same writes and not always the same history.

/** Seeded chance. */
export interface Random {
  /** From 0 up to, and not including, 1. */
  next(): number;
  /** A whole number from 0 up to, and not including, `bound`. */
  below(bound: number): number;
  /** One of these. */
  pick<Item>(items: readonly Item[]): Item;
  /** Another generator, whose numbers do not depend on how often this one is asked afterwards. */
  fork(): Random;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    fork: () => seededRandom(below(2 ** 32)),
  };
}

/**
 * The seeds of a run: those of the variable CHORUS_MIXED_SEEDS, a list like "5,17", or a number of random ones like
 * "x200"; by default `count` random ones.
 */
export function seedsOfRun(count: number): number[] {
  const wanted = process.env.CHORUS_MIXED_SEEDS ?? "";
  if (/^\d+(,\d+)*$/.test(wanted)) return wanted.split(",").map(Number);
  const many = /^x(\d+)$/.exec(wanted)?.[1];
  return Array.from({ length: many === undefined ? count : Number(many) }, () =>
    Math.floor(Math.random() * 2 ** 32),
  );
}
