import { readFileSync, readdirSync } from "node:fs";
import { assert, suite } from "@chorus/testing";
import { Packr } from "msgpackr";
import { ChorusError } from "../src/errors.js";
import {
  decodeFrame,
  EMPTY_UPDATE,
  encodeAck,
  encodeDigest,
  encodeError,
  encodeHello,
  encodeNeighbours,
  encodeUpdate,
  encodeVector,
  type Hello,
} from "../src/frames.js";

const test = suite("frames");

const MAX = 4 * 1024 * 1024;
const FIXTURES = new URL("../../test/fixtures/frames/", import.meta.url);
const packr = new Packr({ useRecords: false });
const hello: Hello = {
  replicaId: "kitchen – 1",
  sessionId: 2 ** 53 - 1,
  channelName: "data",
  grant: "rw",
  features: ["one", "two"],
};
const ok = ["r1", 5, "data", "rw", []];

function pack(fields: unknown): Uint8Array {
  return new Uint8Array(packr.pack(fields));
}

function refused(frame: Uint8Array, code = "protocol"): void {
  assert.throwsCode(() => decodeFrame(frame, MAX), code);
}

test("it brings a hello across", () => {
  assert.equal(decodeFrame(encodeHello(hello), MAX), { kind: "hello", hello });
});

test("it brings vectors, acks, neighbours, digests and errors across", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  assert.equal(decodeFrame(encodeVector(bytes), MAX), { kind: "vector", bytes });
  const acked = [2 ** 53 - 1, 7, 1, 0];
  assert.equal(decodeFrame(encodeAck(acked), MAX), { kind: "ack", acked });
  assert.equal(decodeFrame(encodeAck([]), MAX), { kind: "ack", acked: [] });
  assert.equal(decodeFrame(encodeNeighbours(["a", "b"]), MAX), {
    kind: "neighbours",
    replicaIds: ["a", "b"],
  });
  const digest = { kind: "digest", hash: 2 ** 53 - 1, vectorBytes: bytes };
  assert.equal(decodeFrame(encodeDigest(2 ** 53 - 1, bytes), MAX), digest);
  assert.equal(decodeFrame(encodeError("timeout", "no\nhello"), MAX), {
    kind: "error",
    code: "timeout",
    text: "no hello",
  });
});

test("it brings updates of every size of length across, in msgpackr's own bytes", () => {
  for (const length of [0, 1, 255, 256, 65_535, 65_536, 100_000]) {
    const bytes = new Uint8Array(length).fill(length % 251);
    const frame = encodeUpdate(bytes, 2);
    assert.equal(Buffer.from(frame).equals(pack([2, bytes, 2])), true, `length ${length}`);
    const decoded = decodeFrame(frame, MAX);
    assert.ok(decoded.kind === "update" && decoded.flags === 2);
    assert.is(Buffer.compare(decoded.bytes, bytes), 0);
  }
  const decoded = decodeFrame(encodeUpdate(EMPTY_UPDATE, 1), MAX);
  assert.equal(decoded, { kind: "update", bytes: EMPTY_UPDATE, flags: 1 });
});

test("it gives bytes as plain arrays even when a Buffer came in", () => {
  const frame = Buffer.concat([Buffer.from("xx"), encodeUpdate(new Uint8Array([9]), 0)]).subarray(2);
  const decoded = decodeFrame(frame, MAX);
  assert.ok(decoded.kind === "update");
  assert.is(Object.getPrototypeOf(decoded.bytes), Uint8Array.prototype);
  assert.equal([...decoded.bytes], [9]);
  const vector = decodeFrame(Buffer.from(encodeVector(new Uint8Array([4]))), MAX);
  assert.ok(vector.kind === "vector");
  assert.is(Object.getPrototypeOf(vector.bytes), Uint8Array.prototype);
});

test("it reads an update in an unusual but valid form", () => {
  const frame = new Uint8Array([0xdc, 0, 3, 0xcc, 2, 0xc5, 0, 1, 7, 0xcd, 0, 1]);
  assert.equal(decodeFrame(frame, MAX), { kind: "update", bytes: new Uint8Array([7]), flags: 1 });
});

test("it refuses a frame above the limit before it looks inside", () => {
  assert.throwsCode(() => decodeFrame(new Uint8Array(11), 10), "too-large");
});

test("it refuses a hello of another version with its own code, whatever follows", () => {
  refused(pack([0, 2, { later: true }]), "protocol");
  refused(pack([0, 2, "anything"]), "version");
  refused(pack([0, 2]), "version");
});

test("it refuses what is no frame at all", () => {
  const frames = [[], [7], [-1], ["update"], [1.5], [[0]], {}, null, "hello", 3, [1], [undefined]];
  for (const frame of frames) refused(pack(frame));
  refused(new Uint8Array());
});

test("it refuses malformed hellos", () => {
  const [id, session, name, grant, features] = ok;
  const wrong = [
    [],
    ok.slice(0, 4),
    [...ok, 1],
    ["", session, name, grant, features],
    ["x".repeat(129), session, name, grant, features],
    ["tab\t", session, name, grant, features],
    [5, session, name, grant, features],
    [id, "5", name, grant, features],
    [id, -1, name, grant, features],
    [id, 1.5, name, grant, features],
    [id, 2 ** 53, name, grant, features],
    [id, Number.NaN, name, grant, features],
    [id, session, 1, grant, features],
    [id, session, "n".repeat(5000), grant, features],
    [id, session, name, "x", features],
    [id, session, name, "wr", features],
    [id, session, name, grant, "features"],
    [id, session, name, grant, [1]],
    [id, session, name, grant, ["with space"]],
    [id, session, name, grant, Array(33).fill("f")],
  ];
  for (const fields of wrong) refused(pack([0, 1, ...fields]));
  assert.is(decodeFrame(pack([0, 1, ...ok]), MAX).kind, "hello");
});

test("it refuses malformed frames of the other kinds", () => {
  const bin = new Uint8Array([0]);
  const wrong: unknown[][] = [
    [1, "text"],
    [1, bin, bin],
    [1, [0]],
    [2, bin],
    [2, bin, 4],
    [2, bin, -1],
    [2, "text", 0],
    [2, bin, 0, 0],
    [3, 5],
    [3, [1]],
    [3, [1, "2"]],
    [3, [1, -2]],
    [3, [1, 2], 3],
    [3, [[1, 2]]],
    [4, "a"],
    [4, [1]],
    [4, [""]],
    [5, bin, bin],
    [5, 1],
    [5, 1.5, bin],
    [5, 1, "text"],
    [6, "code"],
    [6, "Code!", "text"],
    [6, "code", 5],
    [6, "code", "t".repeat(1025)],
  ];
  for (const fields of wrong) refused(pack(fields));
});

test("it refuses every truncation of every kind, and every byte behind", () => {
  const frames = [
    encodeHello(hello),
    encodeVector(new Uint8Array(300)),
    encodeUpdate(new Uint8Array(300), 0),
    encodeAck([1, 2]),
    encodeNeighbours(["a"]),
    encodeDigest(5, new Uint8Array(3)),
    encodeError("timeout", "text"),
  ];
  for (const frame of frames) {
    for (let length = 0; length < frame.length; length++) refused(frame.subarray(0, length));
    refused(new Uint8Array([...frame, 0]));
  }
});

test("it refuses extensions, maps, nil and deep nesting before msgpackr sees them", () => {
  const values = [new Date(), new Set([1]), new Map(), { a: 1 }, null, true, [[1]], /x/, new Error("x")];
  for (const value of values) {
    refused(pack([3, [value, 1]]));
    refused(pack([1, value]));
  }
  refused(new Uint8Array([0x92, 1, 0xc7, 3, 0x74, 0, 1, 2]));
  refused(new Uint8Array([0x92, 3, 0x92, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1, 1]));
});

test("it refuses the hostile msgpack messages quickly", () => {
  const files = readdirSync(FIXTURES).filter((name) => name.startsWith("mp-"));
  assert.is(files.length, 3);
  for (const file of files) {
    const bytes = Uint8Array.from(Buffer.from(readFileSync(new URL(file, FIXTURES), "utf8").trim(), "hex"));
    refused(bytes);
    refused(new Uint8Array([0x92, 3, ...bytes]));
    refused(new Uint8Array([0x92, 1, ...bytes]));
  }
});

test("it survives random bytes and random changes with nothing but its own errors", () => {
  const seed = Date.now() % 2 ** 31;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const base = [
    encodeHello(hello),
    encodeAck([1, 2, 3, 4]),
    encodeDigest(5, new Uint8Array(3)),
    encodeUpdate(EMPTY_UPDATE, 0),
  ];
  for (let round = 0; round < 20_000; round++) {
    const frame = new Uint8Array(base[random(base.length)] ?? []);
    for (let changes = random(4); changes >= 0; changes--) frame[random(frame.length)] = random(256);
    try {
      decodeFrame(frame, MAX);
    } catch (error) {
      assert.ok(error instanceof ChorusError, `seed ${seed} round ${round}: ${error}`);
    }
  }
});
