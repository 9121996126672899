// One peer of the demo, in a process of its own. It peers the channel "data" and then does what the parent process asks
// over IPC. It must end by itself: when it is told to stop, or when the parent is gone.
import { createHash } from "node:crypto";
import { readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { createCh } from "@chorus/ch";

let $ch;
let data;
let stopped = false;

/** What the parent may ask for. The arguments and results travel as JSON. */
const commands = {
  /** Opens the channel: in memory, or with what is in a folder. */
  async open({ folder }) {
    $ch = folder === undefined ? createCh() : await createCh({ data: folder });
    data = $ch("data").create();
  },

  /** Peers with all URLs, our own among them. Only whoever knows the password is let in. */
  async peer({ port, urls, user, password }) {
    const auth = (givenUser, givenPassword) => givenUser === user && givenPassword === password;
    await data.peer(port, "/data", urls, auth);
  },

  /** How many of the links are in sync. */
  linked: () => data.links().filter(({ status }) => status === "synced").length,

  size: () => data.size(),

  /** Waits until so many peers have stored all writes made here. */
  async synced({ peers, timeout }) {
    await data.whenSynced({ peers, timeout });
  },

  /** The guide's example: one entry per file of the folder in which the demo was started. */
  setFiles() {
    data.setAll(["canonicalPath"], filesOf("."));
  },

  /** Writes `count` rows that say who wrote them, ten at a time, from the first to the last or the other way. */
  async setRows({ count, from = 0, writer, backwards = false }) {
    const rows = Array.from({ length: count }, (_, i) => ({ id: from + i, writer }));
    if (backwards) rows.reverse();
    while (rows.length > 0) {
      data.setAll(["id"], rows.splice(0, 10));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },

  unsetRows({ count, from = 0 }) {
    const rows = Array.from({ length: count }, (_, i) => ({ id: from + i }));
    data.unsetAll(["id"], rows);
  },

  /** How many rows each writer has. */
  writers() {
    const counts = {};
    for (const { writer } of data.getAll()) if (writer) counts[writer] = (counts[writer] ?? 0) + 1;
    return counts;
  },

  /** A hash of every key and value, whatever their order: equal hashes are equal contents. */
  content() {
    const values = data.getAll();
    const entries = data.getKeys().map((key, i) => JSON.stringify(sorted([key, values[i]])));
    return createHash("sha256").update(entries.sort().join("\n")).digest("hex");
  },

  /** Closes everything. The process then ends because nothing is left open, not because it is told to exit. */
  async stop() {
    stopped = true;
    await $ch.close();
    setImmediate(() => process.disconnect());
  },
};

/** Name, size and time of each file, as OpenAF's io.listFiles gives them. */
function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const { size, mtimeMs } = statSync(join(folder, entry.name));
      const canonicalPath = realpathSync(join(folder, entry.name));
      return { filename: entry.name, canonicalPath, size, lastModified: Math.round(mtimeMs) };
    });
}

/** The same JSON with the fields of every map in order. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((field) => [field, sorted(value[field])]),
  );
}

process.on("message", async ({ id, command, details }) => {
  let answer;
  try {
    answer = { id, result: await commands[command](details) };
  } catch (error) {
    answer = { id, failure: `${error.code ?? error.name}: ${error.message}` };
  }
  if (process.connected) process.send(answer);
});
process.on("disconnect", () => {
  // Without `stop` the parent is gone, and this process has nothing to live for.
  if (!stopped) process.exit(1);
});
// Ctrl-C reaches all processes of a terminal; the parent decides what becomes of this one.
process.on("SIGINT", () => undefined);
