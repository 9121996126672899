// Peers of both kinds behind one face, each with a real socket on loopback, and what it takes to compare them. It uses
// Chorus by its public interface only, and must never help one kind to hold what it would not hold by itself.
import { OriginalPeer, type OriginalPeerOptions } from "../original/original-peer.js";
import { type Cleanup, type Node, node } from "../support.js";
import type { ChOptions } from "../../src/index.js";

/** One peer, whichever it is. */
export interface Member {
  readonly name: string;
  readonly port: number;
  /** Undefined for a peer of Chorus. */
  readonly original: OriginalPeer | undefined;
  /** Undefined for an original. */
  readonly chorus: Node | undefined;
  set(key: unknown, value: unknown): void;
  unset(key: unknown): void;
  setAll(fields: readonly string[], rows: readonly object[]): void;
  unsetAll(fields: readonly string[], rows: readonly object[]): void;
  /** Canonical values by canonical keys. */
  contents(): Contents;
}

export type Contents = ReadonlyMap<string, string>;

/** How often originals are looked at, unless a test says otherwise: fast, but a pull takes its time on a loaded machine. */
export const REST_INTERVAL_MS = 40;

/** A cut is healed within milliseconds here; the delays of a real network would only make tests slow. */
export const FAST: ChOptions = {
  restIntervalMs: REST_INTERVAL_MS,
  links: { backoffMinMs: 10, backoffMaxMs: 100, refusedBackoffMinMs: 20, refusedBackoffMaxMs: 100 },
  endpoint: { host: "127.0.0.1" },
};

export async function chorusMember(t: Cleanup, name: string, options: ChOptions = FAST): Promise<Member> {
  return chorusMemberOf(name, await node(t, options));
}

/** The member that a node is. */
export function chorusMemberOf(name: string, chorus: Node): Member {
  const { data, port } = chorus;
  return {
    name,
    port,
    original: undefined,
    chorus,
    set: (key, value) => void data.set(key, value),
    unset: (key) => void data.unset(key),
    setAll: (fields, rows) => data.setAll(fields, rows),
    unsetAll: (fields, rows) => data.unsetAll(fields, rows),
    contents: () => contentsOf(data.getKeys(), data.getAll()),
  };
}

export async function originalMember(
  t: Cleanup,
  name: string,
  options: OriginalPeerOptions = {},
): Promise<Member> {
  const original = await OriginalPeer.start({ timeoutMs: 1_000, ...options });
  t.after(() => original.close());
  const { channel, server } = original;
  return {
    name,
    port: server.port,
    original,
    chorus: undefined,
    set: (key, value) => void channel.set(key, value),
    unset: (key) => void channel.unset(key),
    setAll: (fields, rows) => void channel.setAll(fields, rows),
    unsetAll: (fields, rows) => void channel.unsetAll(fields, rows),
    contents: () => contentsOf(channel.getKeys(), channel.getAll()),
  };
}

/** Where a member serves its channel; credentials tell an original who asks. */
export function urlOf({ port }: Pick<Member, "port">, user?: string): string {
  return `http://${user === undefined ? "" : `${user}:secret@`}127.0.0.1:${port}/data`;
}

/** Keys and values of one moment, in the same order. */
export function contentsOf(keys: readonly unknown[], values: readonly unknown[]): Contents {
  return new Map(keys.map((key, at) => [canonical(key), canonical(values[at])]));
}

/** JSON with fields sorted at every level; fields that are undefined are absent. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}

/** The first few differences in words; empty when all are equal. */
export function differences(members: readonly Member[]): string[] {
  const all = members.map((member) => ({ name: member.name, held: member.contents() }));
  const keys = new Set(all.flatMap(({ held }) => [...held.keys()]));
  return [...keys]
    .filter((key) => all.some(({ held }) => held.get(key) !== all[0]?.held.get(key)))
    .map((key) => `${key}: ${all.map(({ name, held }) => `${name}=${held.get(key) ?? "-"}`).join(" ")}`);
}
