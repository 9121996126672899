// The common beginning and end of tests on the virtual network.
import { assert } from "@chorus/testing";
import { decodeFrame, encodeHello, type Frame, type FrameKind, type Hello } from "../src/frames.js";
import type { RawPeer } from "./virtual-network.js";
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
