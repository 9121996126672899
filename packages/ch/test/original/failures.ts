// Two scripts that made peers of the original OpenAF lose updates and differ for ever, to be run with any kind of peers.
// They use peers only through the interface here and must never know which kind they have.

/** Peers that all hold one channel and are all peered with each other. */
export interface Peers {
  write(place: number, key: string, value: string): void;
  /** Cuts a peer off from all others, both ways. */
  cut(place: number): void;
  heal(place: number): void;
  /** Resolves when everything that can be sent now has arrived; with peers that link again, when they have done so. */
  settle(): Promise<void>;
  contents(place: number): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export type StartPeers = (count: number) => Promise<Peers>;

export interface FailureResult {
  /** How many different updates were written in all. */
  readonly written: number;
  /** Entries of each peer once links were whole again; the same as `held` without a cut. */
  readonly healed: readonly number[];
  /** Entries of each peer in the end. */
  readonly held: readonly number[];
  /** Keys that not all peers hold, or not with the same value. */
  readonly different: readonly string[];
  /** Keys where each of two peers holds what the other wrote. */
  readonly swapped: number;
}

/**
 * Three peers share 5 entries. C is cut off; A writes 30 entries meanwhile, B 25 and C 5. The cut is healed, and each
 * writes once more: 68 entries.
 */
export async function cutOffAndHealed(start: StartPeers): Promise<FailureResult> {
  const peers = await start(3);
  try {
    writeMany(peers, 0, { prefix: "before", count: 5 });
    await peers.settle();
    peers.cut(2);
    writeMany(peers, 0, { prefix: "cut-a", count: 30 });
    writeMany(peers, 1, { prefix: "cut-b", count: 25 });
    writeMany(peers, 2, { prefix: "cut-c", count: 5 });
    await peers.settle();
    peers.heal(2);
    await peers.settle();
    const healed = sizes(peers, 3);
    for (const place of [0, 1, 2]) peers.write(place, `after-${place}`, "after");
    await peers.settle();
    const written = 5 + 30 + 25 + 5 + 3;
    return { written, healed, held: sizes(peers, 3), different: differences(peers, 3), swapped: 0 };
  } finally {
    await peers.close();
  }
}

/** Two peers with all links up write the same 100 keys at the same time, each its own value: 200 updates. */
export async function writtenAtOnce(start: StartPeers): Promise<FailureResult> {
  const peers = await start(2);
  try {
    const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    for (const key of keys) for (const place of [0, 1]) peers.write(place, key, `from ${place}`);
    await peers.settle();
    const held = sizes(peers, 2);
    const [here, there] = [peers.contents(0), peers.contents(1)];
    const swapped = keys.filter((key) => here.get(key) === "from 1" && there.get(key) === "from 0").length;
    return { written: 2 * keys.length, healed: held, held, different: differences(peers, 2), swapped };
  } finally {
    await peers.close();
  }
}

function writeMany(
  peers: Peers,
  place: number,
  { prefix, count }: { readonly prefix: string; readonly count: number },
): void {
  for (let at = 0; at < count; at++) peers.write(place, `${prefix}-${at}`, prefix);
}

function sizes(peers: Peers, count: number): number[] {
  return Array.from({ length: count }, (_, place) => peers.contents(place).size);
}

function differences(peers: Peers, count: number): string[] {
  const all = Array.from({ length: count }, (_, place) => peers.contents(place));
  const keys = new Set(all.flatMap((contents) => [...contents.keys()]));
  return [...keys].filter((key) => all.some((contents) => contents.get(key) !== all[0]?.get(key))).sort();
}
