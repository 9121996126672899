import { assert, suite } from "@chorus/testing";
import { connectAll, type Node, VirtualNetwork } from "./virtual-network.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("peer set");

function create(
  t: { after(task: () => unknown): void },
  seed = 1,
): { runtime: VirtualRuntime; network: VirtualNetwork } {
  const runtime = new VirtualRuntime(seed);
  const network = new VirtualNetwork(runtime);
  t.after(async () => {
    await network.close();
    assert.equal(runtime.escaped, []);
    assert.is(runtime.timers, 0);
  });
  return { runtime, network };
}

test("it makes two peers converge", (t) => {
  const { runtime, network } = create(t);
  const a = network.add("a");
  const b = network.add("b");
  a.channel.write("before");
  b.channel.write("too");
  a.peers.setUrls([b.url]);
  runtime.settle();
  assert.is(a.channel.content(), b.channel.content());
  assert.is(a.channel.size, 2);
  a.channel.write("after");
  b.channel.write("after too");
  runtime.settle();
  assert.is(a.channel.content(), b.channel.content());
  assert.is(a.channel.size, 4);
  assert.is(a.peers.links[0]?.status, "synced");
  assert.equal(
    a.peers.peers.map(({ state }) => state),
    ["live"],
  );
});

function updatesSent(nodes: readonly Node[]): number {
  return nodes.reduce((sum, { peers }) => sum + peers.stats().framesSent.update, 0);
}

for (const size of [3, 5, 8]) {
  test(`it sends ${size - 1} update frames per write in a full mesh of ${size}`, (t) => {
    const { runtime, network } = create(t);
    const nodes = Array.from({ length: size }, (_, i) => network.add(`n${i}`));
    connectAll(nodes);
    runtime.advance(1_000);
    for (const node of nodes) assert.is(node.peers.stats().live, size - 1);
    const before = updatesSent(nodes);
    for (const node of nodes) node.channel.write(node.name);
    runtime.settle();
    assert.is(updatesSent(nodes) - before, size * (size - 1));
    for (const node of nodes) assert.is(node.channel.size, size);
  });
}
