// Whether replicas are equal, in every way that they must be: what they show, what they have applied, what
// their own hash says, what their listeners were told, and what Yjs holds. It does not know how they came to
// it.
import * as Y from "yjs";
import type { Process } from "./host.js";

/** A host as the checks see it. */
export interface CheckedHost {
  readonly name: string;
  readonly process: Process | undefined;
}

/** What a replica shows: canonical JSON by key. */
export function contentsOf({ channel }: Pick<Process, "channel">): Map<string, string> {
  return new Map([...channel.entries()].map(([key, value]) => [key, JSON.stringify(value)]));
}

/**
 * Everything in which hosts differ from the first one, or are wrong by themselves; empty when all is well.
 * @param options quick: only what tells whether they are equal, for polling
 */
export function verifyReplicas(
  hosts: readonly CheckedHost[],
  options: { quick?: boolean } = {},
): { kind: string; detail: string }[] {
  const failures: { kind: string; detail: string }[] = [];
  const [first] = hosts;
  const names = new Map<string, string>();
  for (const host of hosts) {
    if (!host.process || !first?.process) {
      failures.push({ kind: "STOPPED", detail: host.name });
      continue;
    }
    for (const kind of differences(first.process, host.process)) {
      failures.push({ kind, detail: `${first.name} and ${host.name}: ${describeDifference([first, host])}` });
    }
    if (options.quick) {
      if (failures.length > 0) return failures;
      continue;
    }
    if (entriesText(first.process) !== entriesText(host.process)) {
      failures.push({ kind: "DOCUMENTS DIFFER", detail: `${first.name} and ${host.name}` });
    }
    for (const kind of defects(host.process)) failures.push({ kind, detail: host.name });
    const { replicaId } = host.process.channel;
    const other = names.get(replicaId);
    if (other)
      failures.push({ kind: "ONE REPLICA TWICE", detail: `${other} and ${host.name}: ${replicaId}` });
    names.set(replicaId, host.name);
  }
  return failures;
}

/** In what two replicas differ; cheapest first, so that a poll ends early. */
function* differences(a: Process, b: Process): Generator<string> {
  if (vectorText(a) !== vectorText(b)) yield "VECTORS DIFFER";
  if (a.channel.contentHash() !== b.channel.contentHash()) yield "HASHES DIFFER";
  if (contentText(contentsOf(a)) !== contentText(contentsOf(b))) yield "CONTENTS DIFFER";
}

/** What is wrong with a replica by itself, once all is quiet. */
function* defects(process: Process): Generator<string> {
  const shown = contentText(contentsOf(process));
  if (process.document.holdsBack) yield "PENDING IN YJS";
  if (contentText(process.shadow) !== shown) yield "EVENTS DIFFER FROM CONTENT";
  if (contentText(contentsOfDocument(process)) !== shown) yield "INDEX DIFFERS FROM DOCUMENT";
}

/** An entry as it stands in a segment of the document. */
type Entry = [stamp: number, json?: string];

/** All entries that the bytes of the document hold, when nobody's index is asked: read from a copy of it. */
function* entriesOfDocument({
  document,
}: Process): Generator<{ segment: string; key: string; entry: Entry }> {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, document.encode());
  for (const [segment, map] of copy.getMap<Y.Map<Entry>>("channel").entries()) {
    for (const [key, entry] of map.entries()) if (key !== "") yield { segment, key, entry };
  }
}

/** Equal vectors mean equal documents, down to entries that do not win: deletions have clocks too (rule 5). */
function entriesText(process: Process): string {
  const lines = Array.from(entriesOfDocument(process), ({ segment, key, entry }) =>
    JSON.stringify([segment, key, entry]),
  );
  return lines.sort().join("\n");
}

/** What the entries of the document show by rule 1. */
function contentsOfDocument(process: Process): Map<string, string> {
  const winners = new Map<string, Entry>();
  for (const { key, entry } of entriesOfDocument(process)) {
    const winner = winners.get(key);
    if (!winner || isHigher(entry, winner)) winners.set(key, entry);
  }
  const contents = new Map<string, string>();
  for (const [key, [, json]] of winners) if (json !== undefined) contents.set(key, json);
  return contents;
}

function isHigher([stamp, json]: Entry, [winnerStamp, winnerJson]: Entry): boolean {
  if (stamp !== winnerStamp) return stamp > winnerStamp;
  return json !== undefined && (winnerJson === undefined || json > winnerJson);
}

/** One line that shows the replicas' contents, hashes and vectors beside each other. */
export function describeDifference(hosts: readonly CheckedHost[]): string {
  const texts = hosts.map(({ name, process }) => {
    if (!process) return `${name} is down`;
    const contents = contentText(contentsOf(process)).slice(0, 200);
    return `${name} ${process.channel.contentHash()} ${contents} vector ${vectorText(process).slice(0, 400)}`;
  });
  return texts.join(" | ");
}

function contentText(contents: ReadonlyMap<string, string>): string {
  return JSON.stringify([...contents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function vectorText({ channel }: Process): string {
  const vector = [...channel.replication.vector()];
  return JSON.stringify(vector.sort(([a], [b]) => a - b));
}
