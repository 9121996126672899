// An original in a thread of its own, so that what it does counts for nobody else's time. Started by OriginalThread only.
import { parentPort, workerData } from "node:worker_threads";
import { OriginalPeer } from "../original/original-peer.js";
import { contentsOf } from "./members.js";
import { manyEntries } from "./many-entries.js";

const peer = await OriginalPeer.start();
for (const { key, value } of manyEntries(workerData as number)) peer.channel.set(key, value);
parentPort?.on("message", (question: "contents" | "requests" | "end") => {
  if (question === "end") void peer.close().then(() => parentPort?.close());
  else if (question === "contents")
    parentPort?.postMessage(contentsOf(peer.channel.getKeys(), peer.channel.getAll()));
  else parentPort?.postMessage(peer.server.seen.map(({ method, op }) => `${method} ${op}`));
});
parentPort?.postMessage(peer.url);
