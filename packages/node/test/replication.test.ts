// Whole replicas over real sockets: what core and this package promise each other holds when they are put together.
import { Channel, PeerSet } from "@chorus/core";
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
