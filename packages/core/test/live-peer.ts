// A raw peer that speaks frames of its own making to a real peer set, past the handshake: for tests of what follows.
import { assert } from "@chorus/testing";
import { EMPTY_UPDATE, encodeUpdate, encodeVector } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectRaw, type Node, type RawPeer } from "./virtual-network.js";
import type { VirtualRuntime } from "./virtual-runtime.js";
import { helloFrame } from "./virtual-setup.js";

/** Bytes of a text, as the fake channel encodes its updates. */
export const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
/** The question of a peer that has nothing. */
export const emptyVector = encodeVector(encodeStateVector(new Map()));
/** The answer of a peer that has nothing. */
export const emptyAnswer = encodeUpdate(EMPTY_UPDATE, 2);

/** A raw peer that has shaken hands, was answered and has answered. */
export function becomeLive(
  node: Node,
  runtime: VirtualRuntime,
  changes: Parameters<typeof helloFrame>[0] = {},
): RawPeer {
  const raw = connectRaw(node);
  runtime.settle();
  for (const frame of [helloFrame(changes), emptyVector, emptyAnswer]) raw.transport.send(frame);
  runtime.settle();
  assert.is(node.peers.peers.at(-1)?.state, "live");
  return raw;
}
