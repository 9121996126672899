// The demo: three processes peer one channel over WebSockets with basic auth, write at the same time, lose one and get
// it back, and end up equal. Exits 0 only if every step held, and leaves no process behind.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAll, PeerProcess, within } from "./peer-process.js";

const NAMES = ["ann", "ben", "cat"];
const USER = "demo";
/** How long one thing may take to come true, and the whole demo, in milliseconds. */
const STEP_MS = 8_000;
const ALL_MS = 19_000;

const began = performance.now();
/** For cat's folder; removed at the end, however that comes. */
const temporary = mkdtempSync(join(tmpdir(), "chorus-demo-"));

function say(line = "") {
  process.stdout.write(`${line}\n`);
}

/** Asks until the answer is the one that is waited for; fails after STEP_MS. */
async function until(what, question) {
  const asked = performance.now();
  const deadline = asked + STEP_MS;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error(`waited ${STEP_MS / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return `${Math.round(performance.now() - asked)} ms`;
}

function ensure(holds, what) {
  if (!holds) throw new Error(what);
}

const all = (peers, command, details) => Promise.all(peers.map((peer) => peer.ask(command, details)));
const same = (answers) => answers.every((answer) => answer === answers[0]);
const perPeer = (peers, answers) => peers.map(({ name }, i) => `${name} ${answers[i]}`).join(", ");

/** Ports that are free now. All peers must know all URLs before the first one starts. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer().once("error", reject);
          server.listen(0, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts a peer process. Only cat keeps its channel in a folder. */
async function start(name, { folder }) {
  const peer = new PeerProcess(name);
  await peer.ask("open", name === "cat" ? { folder } : {});
  return peer;
}

/** Lets a peer call `$ch("data").peer(port, "/data", [all three URLs], auth)`. */
async function link(peer, { ports, password }) {
  const urls = ports.map((port) => `http://${USER}:${password}@127.0.0.1:${port}/data`);
  await peer.ask("peer", { port: ports[NAMES.indexOf(peer.name)], urls, user: USER, password });
}

async function startAll(setting) {
  say(`1. Three processes call $ch("data").peer(port, "/data", [all three URLs], auth)`);
  const peers = await Promise.all(NAMES.map((name) => start(name, setting)));
  await Promise.all(peers.map((peer) => link(peer, setting)));
  peers.forEach(({ name, pid }, i) => {
    say(`   ${name}: process ${pid}, http://127.0.0.1:${setting.ports[i]}/data`);
  });
  const took = await until("every peer to be linked with the others", async () =>
    (await all(peers, "linked")).every((count) => count >= 2),
  );
  const sizes = await all(peers, "size");
  ensure(
    sizes.every((size) => size === 0),
    "the channels were not empty",
  );
  say(`   all linked after ${took}, sizes: ${perPeer(peers, sizes)}`);
  return peers;
}

async function writeFiles(peers) {
  const [ann] = peers;
  await ann.ask("setFiles");
  const count = await ann.ask("size");
  ensure(count > 0, "this folder has no files");
  say(`2. ann calls $ch("data").setAll(["canonicalPath"], the ${count} files of this folder)`);
  const took = await timed(() => ann.ask("synced", { peers: 2, timeout: STEP_MS }));
  const sizes = await all(peers, "size");
  ensure(
    sizes.every((size) => size === count),
    `the sizes differ: ${perPeer(peers, sizes)}`,
  );
  say(`   whenSynced({ peers: 2 }) after ${took}, sizes: ${perPeer(peers, sizes)}`);
}

async function writeSameKeys(peers) {
  const count = 500;
  const [ann, ben] = peers;
  const before = await ann.ask("size");
  say(`3. ann and ben write the same ${count} keys at the same time, ben from the last to the first`);
  await Promise.all([
    ann.ask("setRows", { count, writer: "ann" }),
    ben.ask("setRows", { count, writer: "ben", backwards: true }),
  ]);
  // Each has what the others wrote as soon as both writers know that two peers have theirs.
  const took = await timed(() => all([ann, ben], "synced", { peers: 2, timeout: STEP_MS }));
  await ensureEqual(peers, before + count);
  const writers = await all(peers, "writers");
  ensure(same(writers.map((counts) => `${counts.ann} ${counts.ben}`)), "the peers see different winners");
  const { ann: annKeys = 0, ben: benKeys = 0 } = writers[0];
  ensure(annKeys + benKeys === count, "some keys have no writer");
  say(`   equal after ${took}; on all three, ann's value stands in ${annKeys} keys and ben's in ${benKeys}`);
}

async function loseOne(peers, setting) {
  const [ann, ben, cat] = peers;
  const before = await ann.ask("size");
  say("4. cat is killed (SIGKILL)");
  await cat.kill();
  await until("the others to notice", async () => {
    return (await all([ann, ben], "linked")).every((count) => count === setting.linked - 1);
  });
  await Promise.all([
    ann.ask("setRows", { count: 200, from: 1_000, writer: "ann" }),
    ben.ask("unsetRows", { count: 50 }),
  ]);
  await all([ann, ben], "synced", { peers: 1, timeout: STEP_MS });
  await ensureEqual([ann, ben], before + 150);
  say("   meanwhile ann sets 200 keys and ben removes 50");
  const returned = await start("cat", setting);
  const found = await returned.ask("size");
  ensure(found === before, `cat has ${found} entries in its folder, not the ${before} it had stored`);
  say(`   cat returns as process ${returned.pid} and finds its ${found} entries in its folder`);
  await link(returned, setting);
  const back = [ann, ben, returned];
  const took = await untilEqual(back, before + 150);
  say(`   cat has caught up after ${took}, sizes: ${perPeer(back, await all(back, "size"))}`);
  return back;
}

/** How long a task took. */
async function timed(task) {
  const asked = performance.now();
  await task();
  return `${Math.round(performance.now() - asked)} ms`;
}

/** All hold the same content, and this many entries. */
async function ensureEqual(peers, size) {
  const sizes = await all(peers, "size");
  ensure(
    sizes.every((one) => one === size) && same(await all(peers, "content")),
    `the contents differ: ${perPeer(peers, sizes)}`,
  );
}

/** Waits until all hold the same content, and this many entries. */
function untilEqual(peers, size) {
  return until("the contents to be equal", async () => {
    const sizes = await all(peers, "size");
    return sizes.every((one) => one === size) && same(await all(peers, "content"));
  });
}

async function run() {
  say("Chorus: three processes, one channel, no coordinator\n");
  const password = randomBytes(12).toString("base64url");
  const setting = { ports: await freePorts(NAMES.length), password, folder: join(temporary, "cat") };
  let peers = await startAll(setting);
  setting.linked = await peers[0].ask("linked");
  await writeFiles(peers);
  await writeSameKeys(peers);
  peers = await loseOne(peers, setting);
  const contents = await all(peers, "content");
  const sizes = await all(peers, "size");
  ensure(same(contents) && same(sizes), "the contents differ");
  await Promise.all(peers.map((peer) => peer.stop()));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say("5. All processes have closed their channels and ended by themselves\n");
  say(`All three are equal: ${sizes[0]} entries, content hash ${contents[0].slice(0, 16)} (${seconds} s)`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    killAll();
    process.exit(130);
  });
}
process.once("exit", () => {
  killAll();
  rmSync(temporary, { recursive: true, force: true });
});

try {
  await within(run(), ALL_MS, "the whole demo");
} catch (error) {
  process.stderr.write(`\nFAILED: ${error.message}\n`);
  // Whatever is still under way must not start anything any more.
  process.exit(1);
}
