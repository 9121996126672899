// A node whose state is one flat map of a Yjs document, as users of the Yjs servers keep keyed values: shared by their
// drivers, which add the connection. Must never know how updates travel.
import { Doc, encodeStateAsUpdate, type Map as SharedMap, type Transaction } from "yjs";
import { ownCpuMicroseconds } from "./process-cpu.js";
import type { SystemNode, Value } from "./system.js";

/** The document's name at the server. */
export const ROOM = "data";

/** Everything of a node but its connection. */
export abstract class YjsNode implements SystemNode {
  protected readonly document = new Doc();
  readonly #map: SharedMap<Value> = this.document.getMap("data");

  listen(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  abstract connect(addresses: readonly string[]): Promise<void>;

  set(key: string, value: Value): void {
    this.#map.set(key, value);
  }

  setAll(entries: readonly (readonly [string, Value])[]): void {
    this.document.transact(() => {
      for (const [key, value] of entries) this.#map.set(key, value);
    });
  }

  delete(key: string): void {
    this.#map.delete(key);
  }

  get(key: string): Value | undefined {
    return this.#map.get(key);
  }

  entries(): Iterable<readonly [string, Value]> {
    return this.#map.entries();
  }

  onRemoteChange(listener: () => void): () => void {
    // Servers send a writer its own updates too; they change nothing.
    const notice = ({ local, changed }: Transaction): void => {
      if (!local && changed.size > 0) listener();
    };
    this.document.on("afterTransaction", notice);
    return () => this.document.off("afterTransaction", notice);
  }

  abstract goOffline(): Promise<void>;

  abstract goOnline(): Promise<void>;

  stateBytes(): number {
    return encodeStateAsUpdate(this.document).length;
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds();
  }

  abstract close(): Promise<void>;
}
