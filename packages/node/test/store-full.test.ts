// A disk that is full refuses writes, takes nothing back that was acknowledged, and is written again when there is room.
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Channel, type ChorusError } from "@chorus/core";
import { openStore } from "@chorus/node";
import { assert, suite, until } from "@chorus/testing";
import { mountDisk, whyNoDisk } from "./store-helpers.js";

const test = suite("store on a full disk", { deadlineMs: 30_000 });
const reason = whyNoDisk();

/** Takes all room that is left. */
function fill(disk: string): string {
  const filler = join(disk, "filler");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(Number(bavail) * Number(bsize)));
  return filler;
}

const VALUE = "x".repeat(5_000);

if (reason !== undefined) test.skip("all of them", reason);
else {
  test("writes are refused with store-full, reads go on, and it resumes with nothing lost", async (t) => {
    const disk = mountDisk(t, "size=2m");
    const folder = join(disk.path, "store");
    const { store } = await openStore(folder, { retryMs: 10 });
    const channel = new Channel({ name: "data", storage: store.openChannel("data") });
    const failures: (ChorusError | undefined)[] = [];
    channel.on("store", ({ failure }) => failures.push(failure));
    const acknowledged: string[] = [];
    const write = async (key: string): Promise<void> => {
      channel.set(key, VALUE + key);
      await channel.whenDurable({ timeoutMs: 20_000 });
      acknowledged.push(key);
    };
    for (let i = 0; i < 10; i += 1) await write(`before-${i}`);

    const filler = fill(disk.path);
    await assert.rejectsCode(async () => {
      for (let i = 0; i < 100; i += 1) await write(`filling-${i}`);
    }, "store-full");
    assert.is(failures[0]?.code, "store-full");
    assert.throwsCode(() => channel.set("refused", 1), "store-full");
    for (const key of acknowledged) assert.is(channel.get(key), VALUE + key);
    const beforeRoom = failures.length;

    rmSync(filler);
    await until(() => failures.length > beforeRoom && failures.at(-1) === undefined, { deadlineMs: 20_000 });
    for (let i = 0; i < 10; i += 1) await write(`after-${i}`);
    const contents = new Map(channel.entries());
    await channel.close();
    await store.close();

    const next = await openStore(folder);
    t.after(() => next.store.close());
    assert.equal(next.findings.map(String), []);
    const again = new Channel({ name: "data", storage: next.store.openChannel("data") });
    for (const key of acknowledged) assert.is(again.get(key), VALUE + key, key);
    assert.equal(new Map(again.entries()), contents);
    assert.is(again.get("refused"), undefined);
    await again.close();
  });

  test("the database stays open while there is no room to open it again", async (t) => {
    const disk = mountDisk(t, "size=2m");
    const { store } = await openStore(join(disk.path, "store"), { retryMs: 5 });
    t.after(() => store.close());
    const other = new Channel({ name: "other", storage: store.openChannel("other") });
    other.set("key", "value");
    await other.whenDurable();
    const channel = new Channel({ name: "data", storage: store.openChannel("data") });
    const filler = fill(disk.path);
    channel.set("key", VALUE);
    await assert.rejectsCode(channel.whenDurable({ timeoutMs: 20_000 }), "store-full");
    await until(
      () => store.failure?.cause === undefined && /opened again/.test(store.failure?.message ?? ""),
    );
    assert.is(store.failure?.code, "store-full");
    assert.match(store.failure?.message ?? "", /it needs \d{5,} bytes, and the disk has 0;/);
    assert.is(other.get("key"), "value");
    rmSync(filler);
    await until(() => store.failure === undefined);
    await channel.whenDurable();
    await other.close();
    await channel.close();
  });

  test("a store that was full when its process ended opens when there is room, with nothing lost", async (t) => {
    const disk = mountDisk(t, "size=2m");
    const folder = join(disk.path, "store");
    const { store } = await openStore(folder);
    const channel = new Channel({ name: "data", storage: store.openChannel("data") });
    channel.set("key", VALUE);
    await channel.whenDurable();
    const filler = fill(disk.path);
    channel.set("lost", VALUE);
    await assert.rejectsCode(channel.whenDurable({ timeoutMs: 20_000 }), "store-full");
    await channel.close();
    await store.close();
    await assert.rejectsCode(openStore(folder), "store-full");
    await assert.rejectsCode(openStore(join(disk.path, "another")), "store-full");
    rmSync(filler);
    const next = await openStore(folder);
    assert.equal(next.findings.map(String), []);
    const again = new Channel({ name: "data", storage: next.store.openChannel("data") });
    assert.is(again.get("key"), VALUE);
    await again.close();
    await next.store.close();
  });
}
