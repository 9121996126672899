// Answers to large uploads whose connection ends with the answer: every refusal arrives.
import { connect } from "node:net";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { type ExposeOptions, sendReply, textReply } from "@chorus/node";
import { openBench, startRaw } from "./helpers.js";

const test = suite("taking in", { deadlineMs: 20_000 });
const MIB = 1024 * 1024;

/** Uploads 20 MiB over a connection that is to be closed, and reads only then; gives the status. */
function upload(port: number, path: string, headers: readonly string[] = []): Promise<number> {
  const lines = [
    `PUT ${path} HTTP/1.1`,
    "Host: x",
    "Connection: close",
    `Content-Length: ${20 * MIB}`,
    ...headers,
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("error", reject);
    socket.on("end", () => resolve(Number(text.split(" ")[1])));
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    socket.write(Buffer.alloc(20 * MIB), () => {
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
      });
    });
  });
}

const cases: [status: number, ExposeOptions, path?: string, headers?: string[]][] = [
  [401, { authenticate: () => undefined }],
  [403, {}, "/data", ["Origin: http://x"]],
  [404, {}, "/other"],
  [426, {}],
  [400, { onRequest: ({ response }) => sendReply(response, textReply(400, "no")) }],
  [
    500,
    {
      onRequest: () => {
        throw new Error("mine");
      },
    },
  ],
];
for (const [status, options, path = "/data", headers = []] of cases) {
  test(`a ${status} reaches a client that sends 20 MiB and wants the connection closed`, async (t) => {
    const { endpoint } = await openBench(t, options);
    for (let round = 0; round < 3; round++) assert.is(await upload(endpoint.port, path, headers), status);
  });
}

/** Sends for ever over a connection that is to be closed. */
function pump(t: TestContext, port: number): ReturnType<typeof startRaw> {
  const started = startRaw(t, {
    port,
    method: "PUT",
    headers: ["Connection: close", "Content-Length: 100000000000"],
  });
  const send = (): void => {
    while (!started.socket.destroyed && started.socket.write(Buffer.alloc(MIB)));
  };
  started.socket.on("drain", send);
  send();
  return started;
}

test("a client that never ends is not waited for", async (t) => {
  const { endpoint } = await openBench(t, { authenticate: () => undefined });
  const { socket } = pump(t, endpoint.port);
  await until(() => socket.destroyed);
  assert.ok(socket.bytesWritten < 200 * MIB);
});

test("an answer without a body to wait for, and one to a kept connection, go at once", async (t) => {
  const { endpoint } = await openBench(t);
  for (const headers of [["Connection: close"], ["Content-Length: 5"]]) {
    const { answer } = startRaw(t, { port: endpoint.port, method: "PUT", headers });
    await until(() => answer().includes("HTTP/1.1 426"), { deadlineMs: 2_000 });
  }
});
