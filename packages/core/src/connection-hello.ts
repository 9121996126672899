// What a side says of itself when a connection opens, and what a hello tells of the other. It decides nothing.
import type { ReplicatedChannel } from "./channel-replication.js";
import type { Hello } from "./frames.js";
import type { Permission } from "./replication-options.js";

/** The feature of a replica that has a store: what it acknowledges outlives its process, and its id is kept. */
const DURABLE = "durable";

/** The hello of this side, as it is at this moment: a channel may change its replicaId. */
export function ownHello(channel: ReplicatedChannel, grant: Permission): Hello {
  const { replicaId, sessionId, name: channelName, durable } = channel;
  return { replicaId, sessionId, channelName, grant, features: durable ? [DURABLE] : [] };
}

/** The made-up hello of a stock client, which says none. */
export function stockHello({ runtime, name: channelName }: ReplicatedChannel): Hello {
  const sessionId = runtime.newId();
  return { replicaId: `stock-${sessionId}`, sessionId, channelName, grant: "rw", features: [] };
}

/** Whether the replica that said this has a store. */
export function hasStore({ features }: Hello): boolean {
  return features.includes(DURABLE);
}
