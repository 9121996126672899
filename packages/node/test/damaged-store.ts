// A store that is damaged in one file, again and again, and what is checked each time: it opens, gives nothing that was
// not written, takes writes, and has them at the next start. Must never leave the marker file with another inode.
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Channel, type ChannelStorage, type ChorusError, type RestoredState } from "@chorus/core";
import { openStore } from "@chorus/node";
import { assert, type TestContext } from "@chorus/testing";
import { makeFolder, makeRandom, FAST } from "./store-helpers.js";

const NAMES = ["alpha", "beta"];
const OPTIONS = { level: "os", minFoldBytes: 3_000 } as const;
const ROUNDS = 1_000;
/** Every so many rounds whole channels are opened on the store; in the others what channels would be given. */
const CHANNEL_ROUNDS = 25;

/** Everything that was ever handed to the store, and its files. */
export interface Prepared {
  readonly folder: string;
  readonly records: Set<string>;
  /** All values that a key of a channel ever had. */
  readonly values: Map<string, Set<unknown>>;
  /** The bytes of the database and the lock, by their path in the folder. */
  readonly image: ReadonlyMap<string, Buffer>;
  /** A second name of the marker, which must keep its inode. */
  readonly marker: string;
  /** What the intact store hands out to each channel. */
  readonly intactRecords: readonly ReadonlySet<string>[];
}

export interface OpenedChannels {
  readonly findings: readonly ChorusError[];
  readonly channels: readonly Channel[];
  readonly restored: readonly RestoredState[];
  close(): Promise<void>;
}

/** Opens the channels on a store, and keeps what each was given. */
export async function openAll(
  folder: string,
  onAppend?: (update: Uint8Array) => void,
): Promise<OpenedChannels> {
  const { store, findings } = await openStore(folder, OPTIONS);
  const restored: RestoredState[] = [];
  const channels = NAMES.map((name) => {
    const storage = store.openChannel(name);
    const given = storage.restore();
    restored.push(given);
    return new Channel({ name, storage: seen(storage, given, onAppend) });
  });
  const close = async (): Promise<void> => {
    for (const channel of channels) await channel.close();
    await store.close();
  };
  return { findings, channels, restored, close };
}

function seen(
  storage: ChannelStorage,
  restored: RestoredState,
  onAppend: ((update: Uint8Array) => void) | undefined,
): ChannelStorage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "restore") return () => restored;
      const value = Reflect.get(target, name, target);
      if (name === "append" && onAppend) {
        return (update: Uint8Array, stored: () => void) => {
          onAppend(update);
          target.append(update, stored);
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

export async function prepare(folder: string): Promise<Prepared> {
  const random = makeRandom(3);
  const records = new Set<string>();
  const values = new Map<string, Set<unknown>>();
  for (let session = 0; session < 4; session += 1) {
    const opened = await openAll(folder, (update) => records.add(text(update)));
    addSnapshots(records, opened.restored);
    for (let turn = 0; turn < 12; turn += 1) {
      for (const [index, channel] of opened.channels.entries()) {
        const key = `key-${random(15)}`;
        const value = `${session}-${turn}-`.padEnd(20 + random(150), String(random(1e9)));
        const known = `${NAMES[index]} ${key}`;
        values.set(known, (values.get(known) ?? new Set()).add(value));
        channel.set(key, value);
      }
      for (const channel of opened.channels) await channel.whenDurable();
    }
    await opened.close();
  }
  // Before it is opened again: that makes a table of the log.
  const image = takeImage(folder);
  const marker = `${folder}.marker`;
  linkSync(join(folder, "place.json"), marker);
  const last = await openAll(folder);
  addSnapshots(records, last.restored);
  assert.ok(
    last.restored.some(({ snapshot }) => snapshot.length > 0),
    "a snapshot is needed",
  );
  assert.ok(
    last.restored.some(({ updates }) => updates.length > 0),
    "a log is needed",
  );
  const intactRecords = last.restored.map((restored) => new Set(recordsOf(restored)));
  await last.close();
  return { folder, records, values, image, marker, intactRecords };
}

function addSnapshots(records: Set<string>, restored: readonly RestoredState[]): void {
  for (const { snapshot } of restored) for (const slice of snapshot) records.add(text(slice));
}

function takeImage(folder: string): Map<string, Buffer> {
  const names = ["db", "lock"].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => join(part, name)),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Brings the folder back to the prepared state, but for one file. */
export function restoreWith(
  { folder, image, marker }: Prepared,
  name: string,
  bytes: Buffer | undefined,
): void {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ["db", "lock"]) mkdirSync(join(folder, part), { recursive: true });
  linkSync(marker, join(folder, "place.json"));
  for (const [path, content] of image) {
    const changed = path === name ? bytes : content;
    if (changed !== undefined) writeFileSync(join(folder, path), changed);
  }
}

/** What one round of damage did. */
interface Outcome {
  /** Of the records that the intact store hands out to the channel. */
  readonly share: number;
  readonly isReported: boolean;
}

const isDamage = ({ code }: ChorusError): boolean => code === "store-damaged";
const recordsOf = ({ snapshot, updates }: RestoredState): string[] => [...snapshot, ...updates].map(text);

/** Opens a damaged store twice, with a write in between, and checks what one of its channels would be given. */
async function checkRecords(prepared: Prepared, what: string, index: number): Promise<Outcome> {
  const { folder, records } = prepared;
  const first = await openStore(folder, OPTIONS);
  const storage = first.store.openChannel(NAMES[index] as string);
  const restored = storage.restore();
  const given = recordsOf(restored);
  assert.ok(
    given.every((record) => records.has(record)),
    `${what}: bytes that were never written`,
  );
  await appendTo(storage, Buffer.from(what));
  await storage.close();
  await first.store.close();

  const second = await openStore(folder, OPTIONS);
  const again = second.store.openChannel(NAMES[index] as string);
  assert.equal(recordsOf(again.restore()), [...given, text(Buffer.from(what))], `${what}: at the next start`);
  await again.close();
  await second.store.close();
  assert.equal(second.findings.map(String), [], `${what}: reported again`);
  const intact = prepared.intactRecords[index] as ReadonlySet<string>;
  const kept = new Set(given.filter((record) => intact.has(record))).size;
  return { share: kept / intact.size, isReported: [...first.findings, ...restored.findings].some(isDamage) };
}

/** Resolves when the update is stored. */
function appendTo(storage: ChannelStorage, update: Uint8Array): Promise<void> {
  const noDocument = (): never => {
    throw new Error("there is no document that could be folded");
  };
  storage.start({
    sessionId: 1,
    openDiff: noDocument,
    openSnapshot: noDocument,
    whenWhole: (task) => task(),
    seenStamp: () => -1,
    hasSegments: () => true,
    failing: () => undefined,
    recovered: () => undefined,
  });
  return new Promise((resolve) => storage.append(update, resolve));
}

/** The same with whole channels: every value is one that its key had once. */
async function checkChannels({ folder, values }: Prepared, what: string): Promise<void> {
  const first = await openAll(folder);
  const contents = first.channels.map((channel, index) => {
    for (const [key, value] of channel.entries()) {
      assert.ok(values.get(`${NAMES[index]} ${key}`)?.has(value), `${what}: ${key} has a value it never had`);
    }
    channel.set("after", what);
    return new Map(channel.entries());
  });
  for (const channel of first.channels) await channel.whenDurable();
  await first.close();
  const second = await openAll(folder);
  assert.equal(
    second.channels.map((channel) => new Map(channel.entries())),
    contents,
    `${what}: at the next start`,
  );
  await second.close();
}

/** Changes the bytes of one file, and says how. */
export type Damaging = (bytes: Buffer, random: (below: number) => number) => { bytes: Buffer; what: string };

/** 1,000 rounds of one damage to a chosen file; fails when fewer than the `least` share of all records is kept. */
export async function checkRounds(
  t: TestContext,
  options: { damage: Damaging; seed: number; least: number },
): Promise<void> {
  const { damage, seed, least } = options;
  const prepared = await prepare(join(makeFolder(t, FAST), "store"));
  const random = makeRandom(seed);
  const files = [...prepared.image].filter(([path, { length }]) => length > 0 && !/LOG/.test(path));
  let shares = 0;
  let reported = 0;
  let unnoticed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [path, bytes] = files[random(files.length)] as [string, Buffer];
    const damaged = damage(bytes, random);
    const what = `seed ${seed}, round ${round}: ${path}, ${damaged.what}`;
    if (round % CHANNEL_ROUNDS === 0) {
      restoreWith(prepared, path, damaged.bytes);
      await checkChannels(prepared, what);
    }
    restoreWith(prepared, path, damaged.bytes);
    const outcome = await checkRecords(prepared, what, round % NAMES.length);
    shares += outcome.share;
    if (outcome.isReported) reported += 1;
    else if (outcome.share < 1) unnoticed += 1;
  }
  const share = shares / ROUNDS;
  const percent = `${(100 * share).toFixed(1)} % of the records kept`;
  process.stdout.write(`  ${ROUNDS} rounds, seed ${seed}: ${percent}, ${reported} reported as damage`);
  process.stdout.write(`, ${unnoticed} that lost records unnoticed\n`);
  assert.ok(share > least, percent);
  assert.ok(share < 1 && reported > 0, "the damage did none");
}
