// The disk of a simulated computer: what a database on it has stored, what of that a loss of power takes, and all that
// goes wrong with disks. It outlives the processes; it knows records and batches, and nothing of what is in them.
import type { KeyRange, StoreDatabase } from "@chorus/core";
import type { Random } from "./random.js";

/** All or nothing, as a database writes it. */
export type Batch = Parameters<StoreDatabase["write"]>[0];

/** Writes fail for want of room, for another reason, or are answered only when the trouble is over. */
export type DiskTrouble = "full" | "broken" | "hanging";

type Records = ReadonlyMap<string, Uint8Array>;

export class Disk {
  /** What tells this folder from a copy of it. */
  place: string;
  trouble: DiskTrouble | undefined;
  /** Some database has it open; a second one at a time would be a mistake of the simulation. */
  isLocked = false;
  #records = new Map<string, Uint8Array>();
  /** Completed batches since the last sync, in order: a loss of power takes them from the newest on. */
  readonly #unsynced: Batch[] = [];
  /** What is left when it takes all of them. */
  readonly #synced = new Map<string, Uint8Array>();
  /** Batches that the database was given and has not answered yet, in order. */
  readonly #underWay: Batch[] = [];
  /** A batch whose write failed: it shows at the next opening whether it is there. */
  #doubtful: Batch | undefined;

  constructor(place: string) {
    this.place = place;
  }

  /** How many records it holds. */
  get size(): number {
    return this.#records.size;
  }

  /** Whether a crash could take something. */
  get isBusy(): boolean {
    return this.#underWay.length > 0;
  }

  read(key: string): Uint8Array | undefined {
    return this.#records.get(key)?.slice();
  }

  /** The keys of a range, in their order. */
  keysOf({ from, to }: KeyRange): string[] {
    return [...this.#records.keys()].filter((key) => key >= from && key < to).sort();
  }

  begin(batch: Batch): void {
    this.#underWay.push(batch);
  }

  /** The oldest batch under way is stored. */
  complete(sync: boolean): void {
    const batch = this.#underWay.shift();
    if (!batch) throw new Error("no batch is under way");
    apply(this.#records, batch);
    this.#unsynced.push(batch);
    if (sync) this.#sync();
  }

  /** The oldest batch under way failed; it may be there nevertheless when the database is opened the next time. */
  fail(): void {
    const batch = this.#underWay.shift();
    this.#doubtful ??= batch;
  }

  /** The database is opened, or opened anew. */
  open(random: Random): void {
    const batch = this.#doubtful;
    this.#doubtful = undefined;
    if (!batch || random.chance(0.5)) return;
    apply(this.#records, batch);
    this.#unsynced.push(batch);
  }

  /** A database that opens makes durable what it finds: LevelDB writes its log into a table, and syncs that. */
  recovered(): void {
    this.#sync();
  }

  /**
   * The process dies: of what was under way the first batches may be there. With the power gone also goes what was not
   * synced, from the newest on. @returns how many batches are lost
   */
  crash(random: Random, power: boolean): number {
    // A database that has failed writes nothing more.
    const fails = this.#doubtful !== undefined || this.trouble === "full" || this.trouble === "broken";
    this.open(random);
    this.isLocked = false;
    const survivors = fails ? 0 : random.below(this.#underWay.length + 1);
    let lost = this.#underWay.length - survivors;
    for (const batch of this.#underWay.splice(0).slice(0, survivors)) {
      apply(this.#records, batch);
      this.#unsynced.push(batch);
    }
    if (!power || this.#unsynced.length === 0) return lost;
    const kept = random.below(this.#unsynced.length + 1);
    lost += this.#unsynced.length - kept;
    this.#unsynced.length = kept;
    this.#sync();
    this.#records = new Map(this.#synced);
    return lost;
  }

  /** The folder, copied or snapshotted at this moment: with `random` the first few of the batches under way, perhaps. */
  copy(place: string, random?: Random): Disk {
    const copy = new Disk(place);
    const records = new Map(this.#records);
    const taken = random?.below(this.#underWay.length + 1) ?? 0;
    for (const batch of this.#underWay.slice(0, taken)) apply(records, batch);
    copy.#replace(records);
    return copy;
  }

  /** The folder is put back to what another one holds. */
  revert(earlier: Disk): void {
    this.#replace(earlier.#records);
  }

  /** Flips one bit of one record, or takes a few records that stand beside each other. @returns what it did */
  damage(random: Random): string | undefined {
    const keys = [...this.#records.keys()].sort();
    if (keys.length === 0) return undefined;
    const first = random.below(keys.length);
    if (random.chance(0.3)) {
      const taken = keys.slice(first, first + 1 + random.below(3));
      for (const key of taken) this.#put(key, undefined);
      return `without ${taken.map((key) => JSON.stringify(key)).join(" ")}`;
    }
    const key = keys[first] as string;
    const value = (this.#records.get(key) as Uint8Array).slice();
    const position = random.below(value.length);
    value[position] = (value[position] ?? 0) ^ (1 << random.below(8));
    this.#put(key, value);
    return `with a bit of ${JSON.stringify(key)} flipped`;
  }

  #put(key: string, value: Uint8Array | undefined): void {
    for (const records of [this.#records, this.#synced]) {
      if (value) records.set(key, value);
      else records.delete(key);
    }
  }

  #replace(records: Records): void {
    this.#records = new Map(records);
    this.#synced.clear();
    for (const [key, value] of records) this.#synced.set(key, value);
    this.#unsynced.length = 0;
    this.#underWay.length = 0;
    this.#doubtful = undefined;
  }

  #sync(): void {
    for (const batch of this.#unsynced.splice(0)) apply(this.#synced, batch);
  }
}

function apply(records: Map<string, Uint8Array>, batch: Batch): void {
  for (const operation of batch) {
    if (operation.type === "put") records.set(operation.key, operation.value);
    else records.delete(operation.key);
  }
}
