// Counters of a peer set: plain numbers, added to on the hot path and copied out for `stats()`.
import { FRAME_KINDS, type FrameKind } from "./frames.js";

/** Frames by kind. */
export type FrameCounts = Record<FrameKind, number>;

/** What `stats()` returns; everything since the peer set began, but for the two last. */
export interface PeerSetStats {
  readonly framesSent: FrameCounts;
  readonly framesReceived: FrameCounts;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Updates that were not applied because something before them was missing. */
  readonly gaps: number;
  /** Updates and questions of peers that had no permission. */
  readonly refused: number;
  /** Times a connection fell behind and was sent a diff later. */
  readonly behind: number;
  /** Connections that were closed because the peer broke the protocol. */
  readonly protocolErrors: number;
  /** Connections that ended because another to the same replica was kept. */
  readonly duplicates: number;
  /** Replicas whose content differed although everything was exchanged. */
  readonly divergences: number;
  /** Connections that are open now, and those of them that are live. */
  readonly connections: number;
  readonly live: number;
}

export class ReplicationCounters {
  readonly framesSent = noFrames();
  readonly framesReceived = noFrames();
  bytesSent = 0;
  bytesReceived = 0;
  gaps = 0;
  refused = 0;
  behind = 0;
  protocolErrors = 0;
  duplicates = 0;
  divergences = 0;

  sent(kind: FrameKind, bytes: number): void {
    this.framesSent[kind]++;
    this.bytesSent += bytes;
  }

  received(kind: FrameKind, bytes: number): void {
    this.framesReceived[kind]++;
    this.bytesReceived += bytes;
  }

  /** A copy for the caller to keep. */
  snapshot(connections: number, live: number): PeerSetStats {
    const { bytesSent, bytesReceived, gaps, refused, behind, protocolErrors, duplicates, divergences } = this;
    return {
      framesSent: { ...this.framesSent },
      framesReceived: { ...this.framesReceived },
      bytesSent,
      bytesReceived,
      gaps,
      refused,
      behind,
      protocolErrors,
      duplicates,
      divergences,
      connections,
      live,
    };
  }
}

function noFrames(): FrameCounts {
  return Object.fromEntries(FRAME_KINDS.map((kind) => [kind, 0])) as FrameCounts;
}
