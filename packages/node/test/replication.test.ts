// Whole replicas over real sockets: what core and this package promise each other holds when they are put together.
import { Channel, PeerSet, type Progress } from "@chorus/core";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { type Authenticate, dialWebSocket, Endpoint } from "@chorus/node";

const test = suite("replication");

const authenticate: Authenticate = (credentials) =>
  credentials?.user === "a" && credentials.password === "p:w" ? "rw" : undefined;

async function openReplica(t: TestContext): Promise<{ channel: Channel; peers: PeerSet; port: number }> {
  const channel = new Channel({ name: "data" });
  const peers = new PeerSet(channel, { dial: dialWebSocket });
  const endpoint = await Endpoint.listen(0, { host: "127.0.0.1" });
  endpoint.expose("/data", (transport, admission) => peers.accept(transport, admission), { authenticate });
  t.after(async () => {
    await peers.close();
    await endpoint.close();
    channel.close();
  });
  return { channel, peers, port: endpoint.port };
}

test("it makes three replicas equal that know all three URLs, their own included", async (t) => {
  const replicas = await Promise.all([openReplica(t), openReplica(t), openReplica(t)]);
  const urls = replicas.map(({ port }) => `http://a:p%3Aw@127.0.0.1:${port}/data`);
  for (const { peers } of replicas) peers.setUrls(urls);
  replicas.forEach(({ channel }, index) => {
    channel.set(`key ${index}`, { index });
  });
  await until(() => replicas.every(({ channel }) => channel.size === 3));
  const hashes = new Set(replicas.map(({ channel }) => channel.contentHash()));
  assert.is(hashes.size, 1);
});

test("it ends a link with a wrong password as unauthorized, and shows the password nowhere", async (t) => {
  const [host, guest] = await Promise.all([openReplica(t), openReplica(t)]);
  const told: string[] = [];
  guest.peers.on("link", (event) => told.push(JSON.stringify(event)));
  guest.peers.on("error", (error) => told.push(`${error.stack} ${String(error.cause)}`));
  guest.peers.setUrls([`http://a:hidden@127.0.0.1:${host.port}/data`]);
  await until(() => guest.peers.links[0]?.status === "unauthorized");
  assert.not.match(JSON.stringify([told, guest.peers.links, guest.peers.stats()]), /hidden/);
  assert.is(host.peers.peers.length, 0);
});

test("it brings a joiner 20,000 keys in turns, tells how far it is, and passes them on to others", async (t) => {
  const [giver, joiner, other] = await Promise.all([openReplica(t), openReplica(t), openReplica(t)]);
  for (let i = 0; i < 20_000; i++) giver.channel.set(`key ${i}`, { id: i, name: `name of ${i}` });
  await giver.channel.whenCommitted();
  const told: Progress[] = [];
  joiner.channel.on("progress", (progress) => told.push(progress));
  const urlOf = ({ port }: { port: number }): string => `http://a:p%3Aw@127.0.0.1:${port}/data`;
  other.peers.setUrls([urlOf(joiner)]);
  await until(() => other.peers.links[0]?.status === "synced");
  joiner.peers.setUrls([urlOf(giver)]);
  await until(() => joiner.peers.links[0]?.status === "synced" && other.channel.size === 20_000);
  for (const task of ["receive", "apply"] as const) {
    const events = told.filter((progress) => progress.task === task);
    assert.ok(events.length > 0, task);
    assert.ok(events.every(({ done }, i) => i === 0 || done > (events[i - 1]?.done ?? 0)));
    const last = events.at(-1);
    assert.ok(last && last.done === last.total && last.done > 20_000, JSON.stringify(events));
  }
  assert.is(joiner.channel.stats().absorbedUpdates, 1);
  const hashes = new Set([giver, joiner, other].map(({ channel }) => channel.contentHash()));
  assert.is(hashes.size, 1);
  // To others it went as one diff; the giver was sent nothing of it again.
  assert.ok(giver.peers.stats().bytesReceived < 100_000);
});

test("a connection that is lost while an answer is applied does not lose the answer", async (t) => {
  const [giver, joiner] = await Promise.all([openReplica(t), openReplica(t)]);
  for (let i = 0; i < 20_000; i++) giver.channel.set(`key ${i}`, i);
  await giver.channel.whenCommitted();
  const isApplied = new Promise<void>((resolve) => {
    joiner.channel.on("progress", ({ task, done, total }) => {
      if (task === "apply" && done === total) resolve();
      else if (task === "apply") joiner.peers.setUrls([]);
    });
  });
  joiner.peers.setUrls([`http://a:p%3Aw@127.0.0.1:${giver.port}/data`]);
  await isApplied;
  assert.is(joiner.channel.size, 20_000);
  assert.is(joiner.channel.contentHash(), giver.channel.contentHash());
});
