// The process that the crash test kills: one durable channel in a folder, peers, and a writer. It only does what it is
// told, and reports everything.
import type { Command } from "./messages.js";
import { Replica } from "./replica.js";
import { childSetup, leave, obey, report, reportError } from "./reporter.js";
import { openVictimStore } from "./victim-store.js";
import { Writer } from "./writer.js";

const setup = childSetup();
report({ kind: "started" });
const store = await openVictimStore(setup);
const replica = new Replica({ name: "data", storage: store.openChannel("data") }, reportError);
replica.channel.on("store", ({ failure }) => failure && reportError(failure));
report({ kind: "opened", replicaId: replica.channel.replicaId, content: replica.content() });
let writer: Writer | undefined;
let wasSynced = false;
replica.peers.on("link", () => {
  const isSynced =
    replica.peers.links.length > 0 && replica.peers.links.every(({ status }) => status === "synced");
  if (isSynced && !wasSynced) report({ kind: "synced" });
  wasSynced = isSynced;
});
obey(carryOut);
report({ kind: "listening", port: await replica.listen(reportError) });

async function carryOut(command: Command): Promise<void> {
  switch (command.kind) {
    case "link":
      return replica.peers.setUrls(command.urls);
    case "write":
      writer = new Writer(replica, command.load, { tell: report, fail: reportError });
      return writer.start();
    case "quiet":
      await writer?.stop();
      return report({ kind: "quiet" });
    case "hash":
      return report({ kind: "hash", contentHash: replica.channel.contentHash() });
    case "state": {
      return report({ kind: "state", state: replica.state() });
    }
    case "close":
      return close();
  }
}

/** The writer writes on until the channel is closed. */
async function close(): Promise<void> {
  report({ kind: "closing" });
  const stopping = writer?.stop();
  await replica.close();
  await stopping;
  await store.close();
  report({ kind: "closed" });
  leave();
}
