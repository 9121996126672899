// Bodies of requests within bounds: refused ones get their answer through, and nothing is left behind.
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { ChorusError } from "@chorus/core";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { BodyBudget, readBody, sendReply, textReply } from "@chorus/node";
import { openBench, startRaw } from "./helpers.js";

const test = suite("read body");
const MIB = 1024 * 1024;

/** How the reading of one body ended, and the request it was of. */
interface Reading {
  request: IncomingMessage;
  body?: Buffer;
  error?: ChorusError;
  done: boolean;
}

/** A server that reads each body and answers 200 with its length, 413, or 503. */
async function open(t: TestContext, maxBytes: number, budget?: BodyBudget) {
  const readings: Reading[] = [];
  const { endpoint } = await openBench(t, {
    onRequest: async ({ request, response }) => {
      const reading: Reading = { request, done: false };
      readings.push(reading);
      try {
        reading.body = await readBody(request, { maxBytes, budget });
        sendReply(response, textReply(200, String(reading.body.length)));
      } catch (error) {
        reading.error = error as ChorusError;
        sendReply(response, textReply(reading.error.code === "too-large" ? 413 : 503, reading.error.code));
      } finally {
        reading.done = true;
      }
    },
  });
  return { port: endpoint.port, url: `http://127.0.0.1:${endpoint.port}/data`, readings };
}

/** What of ours still listens to a request; node's own listeners are there before and after. */
function listeners(request: IncomingMessage): number {
  return request.listenerCount("data") + request.listenerCount("close") + request.listenerCount("error");
}

const CHUNKED = ["Transfer-Encoding: chunked"];

test("it returns the bytes of a body, with and without a declared length, and of none", async (t) => {
  const budget = new BodyBudget(100);
  const { url, readings, port } = await open(t, 10, budget);
  const put = (body: string | ReadableStream) =>
    fetch(url, { method: "PUT", body, duplex: "half" } as RequestInit);
  assert.is(await (await put("é€")).text(), "5");
  assert.equal(readings[0]?.body, Buffer.from("é€"));
  assert.is(await (await put(new Blob(["1234567890"]).stream())).text(), "10");
  assert.equal(readings[1]?.body?.toString(), "1234567890");
  assert.is(await (await fetch(url)).text(), "0");
  const { socket, answer } = startRaw(t, { port, method: "PUT", headers: CHUNKED });
  for (const text of ["2\r\nab\r\n", "3\r\ncde\r\n", "0\r\n\r\n"]) socket.write(text);
  await until(() => answer().endsWith("5"));
  assert.equal(readings[3]?.body?.toString(), "abcde");
  assert.is(budget.usedBytes, 0);
  for (const { request } of readings) assert.is(listeners(request), 0);
});

test("it refuses a declared length above the limit before a byte is read", async (t) => {
  const { readings, port } = await open(t, 10);
  const { answer } = startRaw(t, { port, method: "PUT", headers: ["Content-Length: 11"] });
  await until(() => answer().endsWith("too-large"));
  assert.match(answer(), "HTTP/1.1 413");
  assert.is(readings[0]?.error?.code, "too-large");
});

test("it refuses a body that grows over the limit, and the connection stays usable", async (t) => {
  const budget = new BodyBudget(100);
  const { readings, port } = await open(t, 10, budget);
  const { socket, answer } = startRaw(t, { port, method: "PUT", headers: CHUNKED });
  socket.write("a\r\n1234567890\r\n");
  await until(() => readings.length === 1 && budget.usedBytes === 10);
  socket.write("1\r\nx\r\n");
  await until(() => answer().endsWith("too-large"));
  assert.is(budget.usedBytes, 0);
  socket.write("2\r\nyz\r\n0\r\n\r\nPUT /data HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok");
  await until(() => answer().includes("HTTP/1.1 200"));
  await until(() => readings.every(({ request }) => listeners(request) === 0));
});

for (const length of ["declared", "unknown"]) {
  test(`it lets a client that sends 20 MiB of ${length} length see its 413`, async (t) => {
    const { url } = await open(t, MIB);
    const bytes = new Uint8Array(20 * MIB);
    const body = length === "declared" ? bytes : new Blob([bytes]).stream();
    const answer = await fetch(url, { method: "PUT", body, duplex: "half" } as RequestInit);
    assert.is(answer.status, 413);
    assert.is(await answer.text(), "too-large");
  });
}

for (const headers of [["Content-Length: 100000000000"], CHUNKED]) {
  test(`it cuts off a client that never ends a refused body, ${headers}`, async (t) => {
    const { port, readings } = await open(t, 10);
    const { socket, answer } = startRaw(t, { port, method: "PUT", headers });
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(MIB), Buffer.from("\r\n")]);
    const piece = headers === CHUNKED ? chunk : Buffer.alloc(MIB);
    const pump = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", pump);
    pump();
    await until(() => socket.destroyed, { what: "the connection is cut" });
    const sent = socket.bytesWritten / MIB;
    assert.ok(sent > 60 && sent < 200, `${sent} MiB were sent`);
    assert.match(answer(), "HTTP/1.1 413");
    await until(() => readings[0] !== undefined && listeners(readings[0].request) === 0);
  });
}

test("it bounds all bodies together, and has room again when one is gone", async (t) => {
  const budget = new BodyBudget(15);
  const { port, readings } = await open(t, 10, budget);
  const first = startRaw(t, { port, method: "PUT", headers: ["Content-Length: 10"] });
  first.socket.write("123456789");
  await until(() => budget.usedBytes === 9);
  const second = startRaw(t, { port, method: "PUT", headers: ["Content-Length: 7"] });
  second.socket.write("1234567");
  await until(() => second.answer().endsWith("too-many"));
  assert.match(second.answer(), "HTTP/1.1 503");
  assert.is(budget.usedBytes, 9);
  const third = startRaw(t, { port, method: "PUT", headers: ["Content-Length: 6"] });
  third.socket.write("123456");
  await until(() => third.answer().includes("HTTP/1.1 200"));
  first.socket.write("0");
  await until(() => first.answer().includes("HTTP/1.1 200"));
  assert.is(budget.usedBytes, 0);
  assert.is(readings.length, 3);
});

test("it leaves nothing behind when clients go away in the middle", async (t) => {
  const budget = new BodyBudget(1_000);
  const { port, readings } = await open(t, 100, budget);
  for (const headers of [["Content-Length: 50"], CHUNKED]) {
    const { socket } = startRaw(t, { port, method: "PUT", headers });
    socket.write(headers === CHUNKED ? "5\r\n12345\r\n" : "12345");
    await until(() => budget.usedBytes === 5);
    socket.destroy();
    await until(() => budget.usedBytes === 0);
  }
  await until(() => readings.every((reading) => reading.done));
  for (const { error, request } of readings) {
    assert.is(error?.code, "connection-failed");
    assert.is(listeners(request), 0);
  }
});

test("it leaves nothing behind when the request is destroyed here", async (t) => {
  const budget = new BodyBudget(1_000);
  const { port, readings } = await open(t, 100, budget);
  const { socket } = startRaw(t, { port, method: "PUT", headers: ["Content-Length: 50"] });
  socket.write("12345");
  await until(() => budget.usedBytes === 5);
  readings[0]?.request.destroy();
  await until(() => readings[0]?.done);
  assert.is(readings[0]?.error?.code, "connection-failed");
  assert.is(budget.usedBytes, 0);
});

test("it rejects at once for a request that is gone, or was read before", async (t) => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request) => requests.push(request));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  t.after(() => server.closeAllConnections());
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok");
  const read = await until(() => requests[0]);
  assert.is(String(await readBody(read, { maxBytes: 5 })), "ok");
  await assert.rejectsCode(readBody(read, { maxBytes: 5 }), "connection-failed");
  const gone = connect((server.address() as AddressInfo).port, "127.0.0.1");
  gone.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\no");
  const lost = await until(() => requests[1]);
  gone.destroy();
  await until(() => lost.destroyed);
  await assert.rejectsCode(readBody(lost, { maxBytes: 5 }), "connection-failed");
});

test("it takes whole numbers for limits only", async () => {
  for (const maxBytes of [0, -1, 1.5, Number.NaN, "5"]) {
    assert.throwsCode(() => new BodyBudget(maxBytes as number), "invalid-option");
  }
});
