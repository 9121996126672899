// The common beginning and end of tests on the virtual network.
import { assert } from "@chorus/testing";
import { decodeFrame, encodeHello, type Frame, type FrameKind, type Hello } from "../src/frames.js";
import type { Node, RawPeer, Wire } from "./virtual-network.js";
import { VirtualNetwork } from "./virtual-network.js";
import { VirtualRuntime } from "./virtual-runtime.js";

/** A network that is closed after the test, when nothing may have escaped and no timer may be left. */
export function createNetwork(
  t: { after(task: () => unknown): void },
  seed = 1,
): { runtime: VirtualRuntime; network: VirtualNetwork } {
  const runtime = new VirtualRuntime(seed);
  const network = new VirtualNetwork(runtime);
  t.after(async () => {
    await network.close();
    assert.equal(runtime.escaped, []);
    assert.is(runtime.timers, 0);
  });
  return { runtime, network };
}

/** The hello of a peer that the test plays. */
export function helloFrame(changes: Partial<Hello> = {}): Uint8Array {
  return encodeHello({
    replicaId: "raw",
    sessionId: 77,
    channelName: "fake",
    grant: "rw",
    features: [],
    ...changes,
  });
}

/** The frames a raw peer was sent, decoded; of one kind when it is given. */
export function framesTo(peer: RawPeer, kind?: FrameKind): Frame[] {
  const frames = peer.received.map((frame) => decodeFrame(frame, 2 ** 23));
  return kind === undefined ? frames : frames.filter((frame) => frame.kind === kind);
}

/** All nodes hold so many entries, and the same. */
export function assertEqualContent(nodes: readonly Node[], size: number): void {
  for (const { channel } of nodes) {
    assert.is(channel.size, size);
    assert.is(channel.content(), nodes[0]?.channel.content());
  }
}

/** Whether a frame is a live update: array of 3, kind 2, flags 0. */
function isLiveUpdate(frame: Uint8Array): boolean {
  return frame[0] === 0x93 && frame[1] === 2 && frame.at(-1) === 0;
}

/** Loses the next live update on its way in one direction. */
export function dropNext(wire: Wire, side: "dialled" | "accepted"): void {
  const tap = wire[side];
  tap.filter = (frame) => {
    if (!isLiveUpdate(frame)) return frame;
    tap.filter = (other) => other;
    return undefined;
  };
}
