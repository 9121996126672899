// Run by open-store.test.ts as a process of its own: opens the store in the folder it is given, writes, says so, and
// then keeps it open until it is ended.
import { Channel } from "@chorus/core";
import { openStore } from "@chorus/node";

const [folder = "", level] = process.argv.slice(2);
const { store } = await openStore(folder, { level: level === "os" ? "os" : "sync" });
const channel = new Channel({ name: "data", storage: store.openChannel("data") });
channel.set("from", "the other process");
await channel.whenDurable();
process.stdout.write("stored\n");
setInterval(() => undefined, 60_000);
