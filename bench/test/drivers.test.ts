// Every compared system does what the bench relies on: all nodes end with the same contents, whatever was written
// where, also over an offline period; and nothing stays when they are closed. The same test for each.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import type { System, SystemNode } from "../src/systems/system.js";
import { others } from "./others.js";

const test = suite("systems", { deadlineMs: 60_000 });

for (const system of others) {
  const reason = system.unavailable();
  if (reason === undefined) testSystem(system);
  else test.skip(system.name, reason);
}

function testSystem(system: System): void {
  test(`${system.name} gives all nodes the same contents`, async (t) => {
    const { nodes, writer, other } = await started(t, system);
    const told = [countRemoteChanges(nodes[1]), countRemoteChanges(nodes[2])];
    writer.set("plain", "text");
    writer.set("nested", { list: [1, null, { deep: "ä€😀" }], flag: false });
    other.set("number", -1.5);
    await writer.setAll(Array.from({ length: 500 }, (_, index) => [`many-${index}`, { index }] as const));
    await allHold(nodes, 503);
    assert.equal(await nodes[2].get("nested"), { list: [1, null, { deep: "ä€😀" }], flag: false });
    for (const { count } of told) assert.ok(count > 0, "a node was not told of remote changes");
    writer.set("plain", "later");
    other.delete("many-0");
    await allHold(nodes, 502);
    await until(async () => (await nodes[2].get("plain")) === "later");
    assert.is(await nodes[2].get("many-0"), undefined);
    for (const node of nodes) assert.ok(node.cpuMicroseconds() > 0);
  });

  test(`${system.name} brings an offline node up to date`, async (t) => {
    const { nodes, writer, other } = await started(t, system);
    await writer.setAll([
      ["deleted", 1],
      ["changed", 1],
    ]);
    await allHold(nodes, 2);
    await nodes[2].goOffline();
    writer.delete("deleted");
    other.set("changed", 2);
    if (system.multiWriter) nodes[2].set("written-offline", 3);
    await until(async () => (await nodes[1].get("changed")) === 2);
    assert.is(await nodes[2].get("changed"), 1);
    const told = countRemoteChanges(nodes[2]);
    await nodes[2].goOnline();
    await allHold(nodes, system.multiWriter ? 2 : 1);
    assert.ok(told.count > 0, "the node was not told of what it had missed");
  });

  test(`${system.name} takes writes of an offline writer`, async (t) => {
    const { nodes, writer } = await started(t, system);
    writer.set("before", 1);
    await allHold(nodes, 1);
    await writer.goOffline();
    await writer.setAll([
      ["offline-1", 1],
      ["offline-2", 2],
    ]);
    writer.set("before", 2);
    assert.is(await writer.get("before"), 2);
    assert.is(await nodes[1].get("before"), 1);
    await writer.goOnline();
    await allHold(nodes, 3);
    writer.set("after", 1);
    await allHold(nodes, 4);
  });

  test(`${system.name} gives a late node everything`, async (t) => {
    const { nodes, writer, addNode } = await started(t, system);
    await writer.setAll(Array.from({ length: 2_000 }, (_, index) => [`key-${index}`, { index }] as const));
    await allHold(nodes, 2_000);
    await allHold([...nodes, await addNode()], 2_000);
  });

  test(`${system.name} leaves nothing behind that keeps a process alive`, async (t) => {
    const script = fileURLToPath(new URL("./closing-process.js", import.meta.url));
    const child = fork(script, [system.name], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    t.after(() => child.kill("SIGKILL"));
    let printed = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const [code] = await once(child, "close");
    assert.is(code, 0, printed);
    assert.is(printed, "");
  });
}

interface Started {
  readonly nodes: readonly [SystemNode, SystemNode, SystemNode];
  readonly writer: SystemNode;
  /** Another node, or the same where only one may write. */
  readonly other: SystemNode;
  /** Starts one more and connects it. */
  addNode(): Promise<SystemNode>;
}

async function started(t: TestContext, system: System): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), "systems-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const closings: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let end = closings.pop(); end !== undefined; end = closings.pop()) await end();
  };
  t.after(close);
  const addresses: string[] = [];
  const created: SystemNode[] = [];
  const create = async (): Promise<SystemNode> => {
    const node = await system.createNode({ folder, index: created.length });
    closings.push(() => node.close());
    created.push(node);
    const address = await node.listen();
    if (address !== undefined) addresses.push(address);
    return node;
  };
  const server = await system.createServer?.({ folder, index: 0 });
  if (server !== undefined) {
    closings.push(() => server.close());
    addresses.push(await server.listen());
  }
  const nodes = [await create(), await create(), await create()] as const;
  await Promise.all(nodes.map((node) => node.connect(addresses, 2)));
  const addNode = async (): Promise<SystemNode> => {
    const node = await create();
    await node.connect(addresses, 3);
    return node;
  };
  return { nodes, writer: nodes[0], other: system.multiWriter ? nodes[1] : nodes[0], addNode };
}

/** Resolves once all hold `count` keys and the same values under them. */
async function allHold(nodes: readonly SystemNode[], count: number): Promise<void> {
  const contents = async (node: SystemNode): Promise<string> => {
    const entries = [...(await node.entries())].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === count ? JSON.stringify(entries) : "";
  };
  const areEqual = async (): Promise<boolean> => {
    const texts = await Promise.all(nodes.map(contents));
    return texts[0] !== "" && texts.every((text) => text === texts[0]);
  };
  await until(areEqual, { what: `${count} equal keys everywhere`, deadlineMs: 20_000 });
}

function countRemoteChanges(node: SystemNode): { count: number } {
  const told = { count: 0 };
  node.onRemoteChange(() => {
    told.count += 1;
  });
  return told;
}
