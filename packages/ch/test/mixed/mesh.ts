// Meshes of peers of both kinds in which everybody lists everybody, directly or over connections that can be cut. It
// knows no data.
import { until } from "@chorus/testing";
import type { ChOptions } from "../../src/index.js";
import { CuttableMesh } from "../original/cuttable-mesh.js";
import type { OriginalPeer, OriginalPeerOptions } from "../original/original-peer.js";
import type { Cleanup, Node } from "../support.js";
import { chorusMember, FAST, type Member, originalMember, urlOf } from "./members.js";

export interface MeshOptions {
  readonly originals: number;
  readonly chorus: number;
  /** Of the peers of Chorus. Default: FAST. */
  readonly options?: ChOptions;
  readonly original?: OriginalPeerOptions;
  /** Default false. */
  readonly isCuttable?: boolean;
}

export interface Mesh {
  /** Originals first. */
  readonly members: readonly Member[];
  readonly originals: readonly OriginalPeer[];
  readonly chorus: readonly Node[];
  /** Undefined unless it was asked for. */
  readonly ways: CuttableMesh | undefined;
  /** Where one reaches the other, by their places; peers of Chorus give their name as user. */
  url(from: number, to: number): string;
  /** The URLs of all others. */
  urls(from: number): string[];
}

/** Resolves when every link of a peer of Chorus is in sync. */
export async function startMesh(t: Cleanup, wanted: MeshOptions): Promise<Mesh> {
  const mesh = await startMembers(t, wanted);
  const { members } = mesh;
  for (const [place, { chorus }] of members.entries()) {
    await chorus?.data.peer(chorus.server, "/data", mesh.urls(place));
  }
  await Promise.all(members.map(({ original }, place) => original?.peer(mesh.urls(place))));
  await linked(mesh);
  return mesh;
}

/** The same, peered with nobody. */
export async function startMembers(t: Cleanup, wanted: MeshOptions): Promise<Mesh> {
  const { options = FAST, isCuttable = false } = wanted;
  const members: Member[] = [];
  for (let at = 0; at < wanted.originals; at++)
    members.push(await originalMember(t, `O${at}`, wanted.original));
  for (let at = 0; at < wanted.chorus; at++) members.push(await chorusMember(t, `C${at}`, options));
  const ways = isCuttable ? await CuttableMesh.open(members.map(({ port }) => port)) : undefined;
  t.after(() => ways?.close());
  const url = (from: number, to: number): string => {
    const [here, there] = [members[from], members[to]];
    if (!here || !there) throw new Error(`no way from ${from} to ${to}`);
    return urlOf(ways ? { port: ways.port(from, to) } : there, here.chorus && here.name);
  };
  const places = members.map((_, place) => place);
  return {
    members,
    originals: members.flatMap(({ original }) => original ?? []),
    chorus: members.flatMap(({ chorus }) => chorus ?? []),
    ways,
    url,
    urls: (from) => places.filter((to) => to !== from).map((to) => url(from, to)),
  };
}

/** Resolves when every link of a peer of Chorus is in sync. */
export async function linked({ members }: Pick<Mesh, "members">): Promise<void> {
  const links = () => members.flatMap(({ chorus }) => chorus?.data.links() ?? []);
  await until(() => links().every(({ status }) => status === "synced"), { what: "all links to be in sync" });
}
