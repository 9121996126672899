// What the tables of the conformance suite are made of, and what their cases share. A case says what the original does
// and asserts what happens here; one that differs names the row of docs/openaf.md that says so. No tests live here.
import { type Ch, type ChannelHandle, type ChEvents, type ChOptions, createCh } from "../../src/index.js";
import { auth, type Cleanup, type Node, node } from "../support.js";

/** The types of channels that every case runs for. */
export const TYPES = ["simple", "big", "memory"] as const;
export type ChannelType = (typeof TYPES)[number];

/** Where the original's behaviour is written down: a section of the reference, or a numbered defect of its section 8. */
export type Source = `S${1 | 2 | 3 | 4 | 5 | 6 | 7}` | `S8.${number}`;

/** What a case runs in: a registry of its own. */
export interface Scene extends Cleanup {
  readonly ch: Ch;
  readonly type: ChannelType;
  /** The "error" events of `ch`. */
  readonly errors: ChEvents["error"][];
}

interface Described {
  readonly method: string;
  readonly title: string;
  readonly source: Source;
  /** What the original does, in a few words. */
  readonly original: string;
  /** For these types only. Default: all. */
  readonly types?: readonly ChannelType[];
  /** Asserts what happens here. `data` is the channel "data" of the scene, created with its type, and empty. */
  readonly run: (data: ChannelHandle, scene: Scene) => unknown;
}

/** One sentence about the original. */
export type Case = Described &
  (
    | { readonly here: "same"; readonly row?: never }
    | {
        /** What happens here instead, and the reason. */
        readonly here: string;
        /** The first cell of the row in docs/openaf.md, under "Differences", that tells readers. */
        readonly row: string;
      }
  );

/** All arguments of all calls of a new subscriber. */
export function calls(data: ChannelHandle, onlyFromNow = true, id?: string): unknown[][] {
  const list: unknown[][] = [];
  const subscriber = (...call: unknown[]): void => void list.push(call);
  if (id === undefined) data.subscribe(subscriber, onlyFromNow);
  else data.subscribe(subscriber, onlyFromNow, id);
  return list;
}

/** The operation, key and value of each call. */
export function told(list: readonly unknown[][]): unknown[][] {
  return list.map(([, op, key, value]) => [op, key, value]);
}

/** A promise that is resolved by hand. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** A registry of its own with one channel "data" of the scene's type, ended with the case. */
export function channelOf({ type, after }: Scene, options: ChOptions): ChannelHandle {
  const ch = createCh(options);
  after(() => ch.close());
  return ch("data").create(type);
}

/** Nodes with a channel "data" of the scene's type each, not yet peered. */
export async function nodes(scene: Scene, count: number, options: ChOptions = {}): Promise<Node[]> {
  const list = await Promise.all(Array.from({ length: count }, () => node(scene, options)));
  for (const { data } of list) data.create(scene.type);
  return list;
}

/** Two of them. */
export async function twoNodes(scene: Scene, options: ChOptions = {}): Promise<[Node, Node]> {
  const [a, b] = await nodes(scene, 2, options);
  if (!a || !b) throw new Error("two nodes were asked for");
  return [a, b];
}

/** Peers nodes, each with the URLs of all, as the original's guide does it; resolves when all are in sync. */
export async function peerAll(list: readonly Node[]): Promise<void> {
  const urls = list.map(({ url }) => url);
  await Promise.all(list.map(({ data, server }) => data.peer(server, "/data", urls, auth)));
  await Promise.all(list.map(({ data }) => data.ready()));
}

/** Two nodes that are peered and in sync. */
export async function pairOf(scene: Scene): Promise<[Node, Node]> {
  const pair = await twoNodes(scene);
  await peerAll(pair);
  return pair;
}
