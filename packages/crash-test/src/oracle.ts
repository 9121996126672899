// What a replica may show for a key, given who wrote what and which of it was promised: pure functions, no processes.
// It must never refuse what the rules of docs/document.md allow, and never allow that a promised write is gone.

/** Names one write: who wrote it, and his how manieth write it was. */
export interface WriteId {
  readonly writer: string;
  readonly number: number;
}

/** One write of one key, as its writer told it. */
export interface Write extends WriteId {
  readonly isDelete: boolean;
  /** What the writer saw under the key right before; undefined for nothing. */
  readonly saw: WriteId | undefined;
  /** Wall clock before and after the write, in milliseconds: its stamp was taken in between. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** Whether the replica in question must have this write: it was acknowledged, or everything was exchanged. */
  readonly isPromised: boolean;
}

/**
 * Stamps may run ahead of the clock: by one unit for each write of the same millisecond, 1,024 of which make one. No
 * writer here makes more than some thousand in one go.
 */
export const STAMP_SLACK_MS = 10;

/** Whether `later` was written by the same writer after `earlier`. */
function follows(later: WriteId, earlier: WriteId): boolean {
  return later.writer === earlier.writer && later.number > earlier.number;
}

/** Whether the writer of `write` had `seen`, or something later by the same hand, in front of him. */
function hadSeen(write: Write, seen: WriteId): boolean {
  return write.saw?.writer === seen.writer && write.saw.number >= seen.number;
}

/** Whether every clock reading says so. */
function isLaterByClock(later: Write, earlier: Write): boolean {
  return later.earliestMs > earlier.latestMs + STAMP_SLACK_MS;
}

/**
 * Whether a replica that has `promised` can never show `other` again.
 *
 * What its writer made or saw earlier is gone for good. What he had not seen is only outdone by a set with a higher
 * stamp, and only while that is not itself deleted: a delete removes what its writer had seen, nothing else.
 */
function supersedes(promised: Write, other: Write, all: readonly Write[]): boolean {
  if (!promised.isPromised || promised === other) return false;
  if (follows(promised, other) || hadSeen(promised, other)) return true;
  if (promised.isDelete || !isLaterByClock(promised, other)) return false;
  const mayDelete = (write: Write): boolean =>
    write.isDelete && !follows(promised, write) && !isLaterByClock(promised, write);
  return !all.some(mayDelete);
}

/** What a replica may show for a key: writes, deletes among them; undefined stands for a key never written. */
export function allowed(writes: readonly Write[]): (Write | undefined)[] {
  const left = writes.filter((write) => !writes.some((other) => supersedes(other, write, writes)));
  return writes.some(({ isPromised }) => isPromised) ? left : [undefined, ...left];
}

/** So many allowed outcomes are named in a failure. */
const MAX_NAMED = 4;

/** What a replica shows for a key: the id of the write, or undefined for no value. */
export type Shown = WriteId | undefined;

/** What is wrong with what a replica shows for a key; undefined when nothing is. `writes` are all writes of the key. */
export function judge(shown: Shown, writes: readonly Write[]): string | undefined {
  const candidates = allowed(writes);
  const fits = candidates.some((write) => {
    if (shown === undefined) return write === undefined || write.isDelete;
    return write !== undefined && !write.isDelete && isSame(write, shown);
  });
  if (fits) return undefined;
  // What is promised comes first: it is what was lost.
  const sorted = candidates.toSorted(
    (a, b) => Number(b?.isPromised ?? false) - Number(a?.isPromised ?? false),
  );
  const named = sorted.slice(0, MAX_NAMED).map(describeWrite).join(" or ");
  const others = sorted.length > MAX_NAMED ? ` or one of ${sorted.length - MAX_NAMED} others` : "";
  return `shows ${shown ? textOf(shown) : "nothing"} and must show ${named || "nothing"}${others}`;
}

function isSame(a: WriteId, b: WriteId): boolean {
  return a.writer === b.writer && a.number === b.number;
}

function describeWrite(write: Write | undefined): string {
  if (write === undefined) return "nothing";
  const promise = write.isPromised ? "promised" : "not promised";
  return `${textOf(write)} (${write.isDelete ? "a delete, " : ""}${promise})`;
}

/** The text of a write's id, as it stands in values and reports: "<writer>:<number>". */
export function textOf({ writer, number }: WriteId): string {
  return `${writer}:${number}`;
}

/** The id that a text stands for. @throws Error when it is none */
export function idOf(text: string): WriteId {
  const [, writer, number] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  if (writer === undefined) throw new Error(`not the id of a write: ${text}`);
  return { writer, number: Number(number) };
}
