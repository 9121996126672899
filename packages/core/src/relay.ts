// Where an update goes next: to every live peer but those that get it from its sender anyway. It encodes an update once,
// whatever the number of peers, and never queues one.
import type { Connection } from "./connection.js";
import { LIVE_UPDATE } from "./frames.js";
import { isFedBy } from "./neighbours.js";
import { chorusWire, stockWire } from "./wire.js";

/** Offers an update to all `connections` it has to go to. @param from the one it came over; undefined for an own update */
export function relayUpdate(
  update: Uint8Array,
  connections: Iterable<Connection>,
  from: Connection | undefined,
): void {
  let frame: Uint8Array | undefined;
  let stockMessage: Uint8Array | undefined;
  for (const connection of connections) {
    const { exchange } = connection;
    if (!exchange?.takesUpdates || (from && isFedBy(from, connection))) continue;
    if (connection.isStock) {
      stockMessage ??= stockWire.encodeUpdate(update, LIVE_UPDATE);
      exchange.offer(stockMessage);
    } else {
      frame ??= chorusWire.encodeUpdate(update, LIVE_UPDATE);
      exchange.offer(frame);
    }
  }
}

/** An update is not at hand any more: those of all `connections` that it has to go to are sent a diff. */
export function resyncAll(connections: Iterable<Connection>, from: Connection | undefined): void {
  for (const connection of connections) {
    const { exchange } = connection;
    if (exchange?.takesUpdates && !(from && isFedBy(from, connection))) exchange.resync();
  }
}
