// The process of a test: `closing-process.js NAME` starts the system with three nodes, writes, closes everything, and
// does nothing to end itself. It exits with 0 only if nothing keeps it alive.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { others } from "./others.js";

/** Nothing of a closed system may last as long as this. */
const PATIENCE_MS = 2_000;

const folder = mkdtempSync(join(tmpdir(), "closing-"));
const system = others.find(({ name }) => name === process.argv[2]);
if (system === undefined) throw new Error(`there is no system "${process.argv[2]}"`);
const addresses: string[] = [];
const server = await system.createServer?.({ folder, index: 0 });
if (server !== undefined) addresses.push(await server.listen());
const nodes = await Promise.all([0, 1, 2].map((index) => system.createNode({ folder, index })));
for (const node of nodes) {
  const address = await node.listen();
  if (address !== undefined) addresses.push(address);
}
await Promise.all(nodes.map((node) => node.connect(addresses, 2)));
nodes[0]?.set("key", 1);
await nodes[1]?.goOffline();
for (const node of nodes) await node.close();
await server?.close();
rmSync(folder, { recursive: true });
setTimeout(() => {
  process.stderr.write(`still alive: ${process.getActiveResourcesInfo().join(", ")}\n`);
  process.exit(1);
}, PATIENCE_MS).unref();
