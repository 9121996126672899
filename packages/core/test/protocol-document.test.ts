// docs/protocol.md against the code: what the page shows must be what the encoders write and the decoders take.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import { closeCodeOf, errorCodeOf } from "../src/close-codes.js";
import { Digest } from "../src/document/digest.js";
import type { ErrorCode } from "../src/errors.js";
import * as frames from "../src/frames.js";
import { inspectUpdate } from "../src/guard.js";
import { Channel } from "../src/index.js";
import { DEFAULT_LIMITS } from "../src/replication-options.js";
import { decodeStateVector, encodeStateVector } from "../src/state-vector.js";
import {
  decodeStockMessage,
  encodeStockHeartbeat,
  encodeStockUpdate,
  encodeStockVector,
} from "../src/yjs-sync-codec.js";
import { ManualRuntime } from "./replica.js";

const test = suite("protocol document");
const page = readFileSync(fileURLToPath(new URL("../../../../docs/protocol.md", import.meta.url)), "utf8");

/** The named blocks of one language, without comments. */
function blocks(language: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", text = ""] of page.matchAll(
    new RegExp(`^\`\`\`${language} (\\S+)\\n([^]*?)^\`\`\``, "gm"),
  )) {
    assert.not.ok(found.has(name), `two blocks named ${name}`);
    found.set(name, text.replace(/#.*$/gm, ""));
  }
  return found;
}

function bytesOf(hex: string): Uint8Array {
  const pairs = hex.split(/\s+/).filter((pair) => pair !== "");
  for (const pair of pairs) assert.match(pair, /^[0-9a-f]{2}$/);
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

const hexBlocks = blocks("hex");

function block(name: string): Uint8Array {
  const hex = hexBlocks.get(name);
  assert.ok(hex, `the page has no block ${name}`);
  return bytesOf(hex ?? "");
}

function same(name: string, written: Uint8Array | undefined): void {
  const hex = Buffer.from(block(name)).toString("hex");
  assert.is(hex, Buffer.from(written ?? []).toString("hex"), `the page shows another ${name}`);
}

/** Rows of the tables whose header begins with this cell: their cells, without code marks. */
function rows(firstCell: string): string[][] {
  const table = page.split(/\n\n/).find((part) => part.startsWith(`| ${firstCell} |`));
  assert.ok(table, `the page has no table of ${firstCell}`);
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", ""));
  return (table ?? "").trimEnd().split("\n").slice(2).map(cells);
}

const VECTOR = new Map([
  [300, 2],
  [7, 129],
]);

/** The updates of the story that the page tells: set, set again, delete, drop; and the answer to a newcomer. */
function tellStory(): { updates: Uint8Array[]; answer: Uint8Array[]; firstDigest: number } {
  const runtime = new ManualRuntime(1795340293885, 300);
  const channel = new Channel({ name: "data", replicaId: "porto-1", runtime });
  const updates: Uint8Array[] = [];
  channel.replication.onUpdate((update) => updates.push(update));
  channel.set("k", { a: 1 });
  runtime.turn();
  const firstDigest = channel.replication.digest();
  for (const write of [() => channel.set("k", 5), () => channel.delete("k")]) {
    runtime.wall++;
    write();
    runtime.turn();
  }
  while (channel.maintain()) runtime.turn();
  const cursor = channel.replication.openDiff(new Map());
  const answer: Uint8Array[] = [];
  for (let part = cursor.next(65_536); part; part = cursor.next(65_536)) answer.push(part);
  channel.close();
  return { updates, answer, firstDigest };
}

const FRAMES: [name: string, written: Uint8Array, read: frames.Frame][] = [
  [
    "hello",
    frames.encodeHello({
      replicaId: "porto-1",
      sessionId: 5123456789012345,
      channelName: "data",
      grant: "rw",
      features: ["durable"],
    }),
    {
      kind: "hello",
      hello: {
        replicaId: "porto-1",
        sessionId: 5123456789012345,
        channelName: "data",
        grant: "rw",
        features: ["durable"],
      },
    },
  ],
  [
    "vector",
    frames.encodeVector(encodeStateVector(VECTOR)),
    { kind: "vector", bytes: encodeStateVector(VECTOR) },
  ],
  [
    "update-nothing",
    frames.encodeUpdate(frames.EMPTY_UPDATE, frames.ANSWER_END),
    { kind: "update", bytes: frames.EMPTY_UPDATE, flags: 2 },
  ],
  ["ack", frames.encodeAck([300, 2]), { kind: "ack", acked: [300, 2] }],
  ["ack-empty", frames.encodeAck([]), { kind: "ack", acked: [] }],
  [
    "neighbours",
    frames.encodeNeighbours(["faro-1", "porto-1"]),
    { kind: "neighbours", replicaIds: ["faro-1", "porto-1"] },
  ],
  [
    "digest",
    frames.encodeDigest(471_076_279_759_035, encodeStateVector(VECTOR)),
    { kind: "digest", hash: 471_076_279_759_035, vectorBytes: encodeStateVector(VECTOR) },
  ],
  [
    "error",
    frames.encodeError("protocol", "a second hello"),
    { kind: "error", code: "protocol", text: "a second hello" },
  ],
];

for (const [name, written, read] of FRAMES) {
  test(`shows the frame ${name} as it is written and read`, () => {
    same(name, written);
    assert.equal(frames.decodeFrame(block(name), DEFAULT_LIMITS.maxFrameBytes), read);
  });
}

const UPDATES = ["update-first", "update-overwrite", "update-delete", "update-drop"];
const ANSWER = ["answer-structs", "answer-deletions"];

test("shows updates and an answer as a channel writes them", () => {
  const { updates, answer } = tellStory();
  assert.is(updates.length, UPDATES.length);
  for (const [i, name] of UPDATES.entries()) same(name, updates[i]);
  assert.is(answer.length, ANSWER.length);
  for (const [i, name] of ANSWER.entries()) same(name, answer[i]);
  same("update", frames.encodeUpdate(updates[1] ?? new Uint8Array(), frames.LIVE_UPDATE));
});

test("shows updates that the guard lets in and that say what the page says", () => {
  const nothing = { ownSession: 1, clockOf: () => 0, hasSegment: () => false, mayFollow: () => false };
  const first = inspectUpdate(block("update-first"), { ...nothing, segmentAt: () => "invalid" });
  assert.equal(first, { kind: "accepted", advanced: new Map([[300, 3]]), deletes: false });
  const early = inspectUpdate(block("update-overwrite"), { ...nothing, segmentAt: () => "invalid" });
  assert.is(early.kind, "gap");

  const channel = new Channel({ name: "data", runtime: new ManualRuntime(0, 1) });
  const seen = UPDATES.map((name) => {
    assert.is(
      channel.replication.receive(block(name), channel, () => undefined),
      "applied",
    );
    return channel.get("k");
  });
  assert.equal(seen, [{ a: 1 }, 5, undefined, undefined]);
  channel.close();
});

test("shows an answer that brings a newcomer what the updates brought", () => {
  const channel = new Channel({ name: "data", runtime: new ManualRuntime(0, 1) });
  for (const name of ANSWER) {
    assert.is(
      channel.replication.receive(block(name), channel, () => undefined),
      name === "answer-structs" ? "applied" : "unchanged",
    );
  }
  assert.equal(channel.replication.vector(), new Map([[300, 6]]));
  assert.is(channel.size, 0);
  channel.close();
});

test("shows messages of stock clients as they are written and read", () => {
  same("stock-vector", encodeStockVector(encodeStateVector(VECTOR)));
  same("stock-answer-end", encodeStockUpdate(frames.EMPTY_UPDATE, frames.ANSWER_END));
  same("stock-heartbeat", encodeStockHeartbeat());
  const asked = decodeStockMessage(block("stock-vector"), 100);
  assert.ok(asked?.kind === "vector");
  assert.equal(decodeStateVector(asked.bytes), VECTOR);
  const end = decodeStockMessage(block("stock-answer-end"), 100);
  assert.ok(end?.kind === "update" && end.flags === frames.ANSWER_END);
  assert.is(decodeStockMessage(block("stock-heartbeat"), 100), undefined);
});

test("has no block that is not checked", () => {
  const checked = FRAMES.map(([name]) => name).concat(UPDATES, ANSWER);
  checked.push("update", "stock-vector", "stock-answer-end", "stock-heartbeat");
  assert.equal([...hexBlocks.keys()].sort(), checked.sort());
  const marks = page.match(/^```hex/gm) ?? [];
  assert.is(marks.length, checked.length, "every hex block needs a name");
});

test("shows digests as they are", () => {
  interface Vector {
    winners: [string, number, string][];
    digest: number;
  }
  const vectors = JSON.parse(blocks("json").get("digest") ?? "[]") as Vector[];
  assert.ok(vectors.length >= 5);
  for (const { winners, digest } of vectors) {
    const actual = new Digest();
    for (const winner of winners) actual.add(...winner);
    assert.is(actual.value(), digest);
  }
  assert.ok(vectors.some(({ digest }) => digest === tellStory().firstDigest));
});

test("describes the digest so that it can be written from the page", () => {
  const vectors = JSON.parse(blocks("json").get("digest") ?? "[]") as {
    winners: [string, number, string][];
    digest: number;
  }[];
  for (const { winners, digest } of vectors) assert.is(digestByThePage(winners), digest);
});

/** Follows the text of the page, in arbitrary precision, and shares nothing with digest.ts. */
function digestByThePage(winners: readonly [string, number, string][]): number {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  const mix = (x: bigint): bigint => {
    let mixed = word((x ^ (x >> 16n)) * 0xc2b2ae35n);
    mixed = word((mixed ^ (mixed >> 13n)) * 0x27d4eb2fn);
    return mixed ^ (mixed >> 16n);
  };
  const sums = [0n, 0n] as [bigint, bigint];
  for (const [key, stamp, json] of winners) {
    let [low, high] = [0x811c9dc5n, 0x9e3779b9n];
    const unit = (u: bigint): void => {
      low = word((low ^ u) * 0x01000193n);
      high = word((high ^ u) * 0x85ebca6bn + 0x7f4a7c15n);
    };
    const text = (s: string): void => {
      unit(BigInt(s.length));
      for (let i = 0; i < s.length; i += 2) {
        const second = i + 1 < s.length ? s.charCodeAt(i + 1) : 0;
        unit(BigInt(s.charCodeAt(i)) + BigInt(second) * 0x10000n);
      }
    };
    text(key);
    unit(BigInt(stamp) >> 32n);
    unit(BigInt(stamp) & 0xffff_ffffn);
    text(json);
    low = mix(low ^ (high >> 15n));
    high = mix(high ^ (low >> 13n));
    sums[0] = word(sums[0] + low);
    sums[1] = word(sums[1] + high);
  }
  return Number((sums[1] & 0x1f_ffffn) * 2n ** 32n + sums[0]);
}

test("lists every limit with its default", () => {
  const listed = Object.fromEntries(
    rows("limit").map(([name = "", value = ""]) => [name, Number(value.replaceAll(",", ""))]),
  );
  assert.equal(listed, { ...DEFAULT_LIMITS });
});

test("lists every error code that has a close code", () => {
  const listed = rows("close code").map(([closeCode, code]) => [Number(closeCode), code]);
  for (const [closeCode, code = ""] of listed as [number, string][]) {
    assert.is(errorCodeOf(code), code, `${code} is none that peers send`);
    assert.is(closeCodeOf(code as ErrorCode), closeCode, code);
  }
  const source = readFileSync(fileURLToPath(new URL("../../src/close-codes.ts", import.meta.url)), "utf8");
  const table = /CLOSE_CODES[^=]*= \{([^}]*)\}/.exec(source)?.[1] ?? "";
  const known = [...table.matchAll(/"?([a-z-]+)"?:/g)].map(([, code]) => code);
  assert.ok(known.length > 10);
  assert.equal(listed.map(([, code]) => code).sort(), known.sort());
});

test("lists every kind of frame under its number", () => {
  const listed = rows("kind").map(([kind, name]) => [Number(kind), name]);
  assert.equal(
    listed,
    frames.FRAME_KINDS.map((name, i) => [i, name]),
  );
});
