// A test program that starts a victim, prints its process id and waits to be killed: the victim must not outlive it.
import { Child } from "../src/child.js";

const [folder = ""] = process.argv.slice(2);
const child = new Child("./victim.js", { folder, level: "sync" }, (report) => {
  if (report.kind === "listening") process.stdout.write(`${child.pid}\n`);
});
