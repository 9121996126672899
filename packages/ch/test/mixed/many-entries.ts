// Many entries under keys of several shapes, in an order that mixes them. The same numbers give the same entries.

export interface ManyEntry {
  readonly key: unknown;
  readonly value: unknown;
}

/** Rows that tell their key, rows that do not, scalars, and two shapes of which one has the other's field. */
export function* manyEntries(count: number): Iterable<ManyEntry> {
  for (let at = 0; at < count; at++) {
    const row = { name: `entry ${at} ü`, size: at * 7, tags: ["a", "b/c"] };
    if (at % 5 === 0) yield { key: `scalar/${at}`, value: at };
    else if (at % 5 === 1) yield { key: { id: at, part: "x" }, value: { id: at, part: "x", ...row } };
    else if (at % 5 === 2) yield { key: { id: at }, value: row };
    else yield { key: { id: at }, value: { id: at, ...row } };
  }
}
