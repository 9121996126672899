// Temporary.
import type { Channel, Dialler, Transport } from "@chorus/core";
export type LinkStatus = "connecting" | "syncing" | "synced" | "offline" | "unauthorized" | "closed";
export interface PeerSetOptions { dial?: Dialler }
export class PeerSet {
  constructor(_c: Channel, _o: PeerSetOptions) {}
  readonly links: readonly { url: string; status: LinkStatus; replicaId?: string }[] = [];
  readonly peers: readonly { replicaId: string; state: string }[] = [];
  on(_e: "link", _f: (x: { url: string; status: LinkStatus }) => void): () => void;
  on(_e: "peer", _f: (x: object) => void): () => void;
  on(_e: "error", _f: (x: import("@chorus/core").ChorusError) => void): () => void;
  on() { return () => {}; }
  accept(t: Transport, _o: object) { t.terminate(); }
  setUrls(_u: readonly string[]) {}
  unpeer(_u: readonly string[]) {}
  async whenAcknowledged(_t?: number) {}
  async close() {}
}
