// The entries of a channel as a list, for those that must be done with the channel before anybody else sees them.

/** A key and its value. */
export type KeyAndValue = [key: unknown, value: unknown];

/** All entries, in the order of `forEach`. */
export function entriesOf(data: {
  forEach(visit: (key: unknown, value: unknown) => unknown): void;
}): KeyAndValue[] {
  const entries: KeyAndValue[] = [];
  data.forEach((key, value) => {
    entries.push([key, value]);
  });
  return entries;
}
