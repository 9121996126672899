// The history of a run: every write with what its writer had seen, and the definitions of a correct outcome.
// The verdict knows nothing of segments, dropping or compaction: it is about writes only.
//
// A write counts when the replicas know it in the end. One that never left a replica that crashed before
// storing it is nobody's loss. Nor is one that its own session had overwritten by such a write: of the two the
// others may know the first as a collected struct only.
//
// Somebody has SEEN a write who had applied the struct it was made with, unless the write was hidden: moved
// meanwhile, with the copy still on its way to him (a long answer comes in parts, and between two of them a
// key may be missing).
//
// A write that a damaged store had behind a gap may be made a second time, by the replica's next session: same stamp,
// same value, made with what the first one had seen. Whoever has seen one of the two has seen the write.
//
// Writes that look alike are not one write for that: two replicas may delete a key with one stamp, the caller's own
// above all. Who has seen the one need not have seen the other. So a write is told by the struct it was made with, and
// the history follows it to wherever it is moved.
//
// A write is MAXIMAL when no other write of its key that counts was made by somebody who had seen it. What is
// not maximal was overwritten or deleted on purpose.
//
// The HIGHEST write of a key is the one that wins by rule 1 (stamp, then JSON text, a deletion lowest).
// Whoever has seen a write supersedes it, so the highest write is always maximal.
//
// LOST: the highest write of a key is a set, and the replicas do not all show its value. Nothing in the
// history may remove it: all that has seen it would be higher, and all that is lower loses against it.
//
// RESURRECTED: a key shows a value that no maximal write has set: it was overwritten or deleted by somebody
// who had seen it, and came back. (A maximal set under a concurrent deletion with a higher stamp may live or
// die: the two need not have met while the tombstone was held.)
//
// UNKNOWN: a key shows a value that nobody wrote.
import type { StateVector } from "@chorus/core/internal";

/** The place of an entry: the session of its struct, and the number of that session's structs once it is among them. */
export interface Place {
  readonly sessionId: number;
  readonly clock: number;
}

/** One write of the application, and the place it was made at. */
export interface Write extends Place {
  /** What tells it from all others, and stays when its entry is moved, or made a second time: its first place. */
  readonly identity: string;
  readonly key: string;
  readonly stamp: number;
  /** Canonical JSON; undefined for a deletion. */
  readonly json: string | undefined;
  /** What the writer had applied when it wrote. */
  readonly seen: StateVector;
  /** The identities of the writes that it could not see nevertheless. */
  readonly hidden: ReadonlySet<string>;
}

/** The identity of a write that is made at this place for the first time. */
export function identityOf({ sessionId, clock }: Place): string {
  return `${sessionId} ${clock}`;
}

export interface Finding {
  kind: "LOST" | "RESURRECTED" | "UNKNOWN";
  key: string;
  detail: string;
}

export class History {
  readonly writes: Write[] = [];
  /** The identities of the writes at those places where they were not made for the first time. */
  readonly #copies = new Map<string, string>();

  record(write: Write): void {
    this.writes.push(write);
    this.noteCopy(write.identity, write);
  }

  /** A write has come to one more place. */
  noteCopy(identity: string, place: Place): void {
    this.#copies.set(identityOf(place), identity);
  }

  /** The identity of the write whose entry stands at this place. */
  identityAt(place: Place): string {
    const name = identityOf(place);
    return this.#copies.get(name) ?? name;
  }

  /**
   * A write by what stands in its entry. @param isOwn of writes that look alike, one of these sessions' is meant; when
   * there is none, as of a session that its replica has forgotten, the newest
   */
  find(
    { key, stamp, json }: Pick<Write, "key" | "stamp" | "json">,
    isOwn: (session: number) => boolean,
  ): Write | undefined {
    const alike = this.writes.filter(
      (write) => write.key === key && write.stamp === stamp && write.json === json,
    );
    return alike.findLast(({ sessionId }) => isOwn(sessionId)) ?? alike.at(-1);
  }

  /**
   * Judges the state in which all replicas ended.
   * @param shown canonical JSON by key
   * @param known the state vector that all replicas ended with
   */
  judge(shown: ReadonlyMap<string, string>, known: StateVector): Finding[] {
    const byKey = new Map<string, Write[]>();
    const unknown = new Map<string, Write[]>();
    for (const write of this.writes) {
      if (!isKnown(write, known)) {
        unknown.set(write.key, [...(unknown.get(write.key) ?? []), write]);
        continue;
      }
      const writes = byKey.get(write.key);
      if (writes) writes.push(write);
      else byKey.set(write.key, [write]);
    }
    const findings: Finding[] = [];
    for (const [key, writes] of byKey) {
      // A session's clocks only rise, so what is not known comes after all that is.
      const sessions = new Set(unknown.get(key)?.map(({ sessionId }) => sessionId));
      const mayBeGone = (write: Write): boolean => sessions.has(write.sessionId);
      findings.push(...judgeKey(writes, shown.get(key), mayBeGone).map((finding) => ({ ...finding, key })));
    }
    for (const [key, json] of shown) {
      if (!byKey.has(key))
        findings.push({ kind: "UNKNOWN", key, detail: `${json} under a key nobody wrote` });
    }
    return findings;
  }
}

function judgeKey(
  writes: readonly Write[],
  shown: string | undefined,
  mayBeGone: (write: Write) => boolean,
): Omit<Finding, "key">[] {
  const maximal = maximalWrites(writes);
  const highest = maximal.reduce((best, write) => (isHigher(write, best) ? write : best));
  const findings: Omit<Finding, "key">[] = [];
  if (highest.json !== undefined && highest.json !== shown && !mayBeGone(highest)) {
    findings.push({ kind: "LOST", detail: `${describe(highest)}; shown is ${shown ?? "nothing"}` });
  }
  if (shown !== undefined && !maximal.some((write) => write.json === shown)) {
    const source = writes.find((write) => write.json === shown);
    const kind = source ? "RESURRECTED" : "UNKNOWN";
    findings.push({ kind, detail: `shown is ${shown}; maximal: ${maximal.map(describe).join(", ")}` });
  }
  return findings;
}

/** The writes of one key that no later writer had seen, in any of the structs they were made with. */
function maximalWrites(writes: readonly Write[]): Write[] {
  const overwritten = new Set<string>();
  for (const [index, write] of writes.entries()) {
    // Writes stand in the order of virtual time, so only later ones can have seen it; the latest most likely
    // did.
    for (let later = writes.length - 1; later > index; later--) {
      if (!hasSeen(writes[later] as Write, write)) continue;
      overwritten.add(write.identity);
      break;
    }
  }
  return writes.filter((write) => !overwritten.has(write.identity));
}

function hasSeen(writer: Write, write: Write): boolean {
  // A session knows its own writes at once; its vector knows them when they are committed.
  if (writer.sessionId === write.sessionId) return true;
  return isKnown(write, writer.seen) && !writer.hidden.has(write.identity);
}

function isKnown(write: Write, vector: StateVector): boolean {
  return (vector.get(write.sessionId) ?? 0) >= write.clock;
}

function isHigher(a: Write, b: Write): boolean {
  if (a.stamp !== b.stamp) return a.stamp > b.stamp;
  return a.json !== undefined && (b.json === undefined || a.json > b.json);
}

function describe(write: Write): string {
  return `${write.json ?? "deletion"} at ${write.stamp} by ${write.sessionId}:${write.clock}`;
}
