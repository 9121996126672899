// Plain HTTP requests on exposed paths, and the shape of refusals for requests and upgrades.
import { connect } from "node:net";
import { assert, suite, until } from "@chorus/testing";
import {
  jsonReply,
  type OnRequest,
  type Permission,
  sendReply,
  textReply,
  type Unauthorized,
} from "@chorus/node";
import { openBench, raw, startRaw, UPGRADE } from "./helpers.js";

const test = suite("request handler");
const refuse = async (): Promise<undefined> => undefined;

test("it answers 426 with JSON and names the protocol to upgrade to", async (t) => {
  const { endpoint } = await openBench(t);
  const answer = await raw(t, { port: endpoint.port });
  assert.is(answer.status, 426);
  assert.is(answer.headers.get("upgrade"), "websocket");
  assert.match(answer.headers.get("content-type") ?? "", "application/json");
  assert.is(JSON.parse(answer.body).error, "upgrade-required");
});

test("it ends the connection after a 426 where the client wants that", async (t) => {
  const { endpoint } = await openBench(t);
  const closing = startRaw(t, { port: endpoint.port, headers: ["Connection: close"] });
  await until(() => closing.socket.closed);
  assert.match(closing.answer(), "HTTP/1.1 426");
  const old = connect(endpoint.port, "127.0.0.1");
  old.resume().write("GET /data HTTP/1.0\r\n\r\n");
  await until(() => old.closed);
  const kept = startRaw(t, { port: endpoint.port });
  await until(() => kept.answer().endsWith("}"));
  kept.socket.write("GET /data HTTP/1.1\r\nHost: test\r\n\r\n");
  await until(() => kept.answer().split("HTTP/1.1 426").length === 3);
});

test("it answers 404 on unknown paths and 403 to foreign origins", async (t) => {
  const { endpoint } = await openBench(t);
  assert.is((await raw(t, { port: endpoint.port, path: "/other" })).status, 404);
  assert.is((await raw(t, { port: endpoint.port, headers: ["Origin: https://evil.example"] })).status, 403);
});

test("it says what it is in every refusal on account of a path, whatever a hook does", async (t) => {
  const hooks: Unauthorized[] = [
    () => undefined,
    () => ({ headers: { "Chorus-Protocol": "mine" } }),
    () => {
      throw new Error("mine");
    },
  ];
  for (const unauthorized of hooks) {
    const { endpoint } = await openBench(t, { authenticate: refuse, unauthorized });
    const port = endpoint.port;
    const origin = ["Origin: https://evil.example"];
    for (const [status, headers] of [
      [401, []],
      [401, UPGRADE],
      [403, origin],
      [403, [...origin, ...UPGRADE]],
    ] as const) {
      const answer = await raw(t, { port, headers });
      assert.equal([answer.status, answer.headers.get("chorus-protocol")], [status, "chorus.1"]);
    }
    const unknown = await raw(t, { port, path: "/other" });
    assert.equal([unknown.status, unknown.headers.get("chorus-protocol")], [404, undefined]);
  }
  const { endpoint } = await openBench(t);
  const answer = await raw(t, { port: endpoint.port });
  assert.equal([answer.status, answer.headers.get("chorus-protocol")], [426, "chorus.1"]);
});

test("it hands requests to onRequest only once they are authenticated", async (t) => {
  const seen: string[] = [];
  const { endpoint } = await openBench(t, {
    authenticate: async (c): Promise<Permission | undefined> => (c ? "r" : undefined),
    onRequest: async ({ request, response, grant }) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push(`${request.method} ${grant} ${body}`);
      response.end("done");
    },
  });
  const port = endpoint.port;
  assert.is((await raw(t, { port, method: "PUT", headers: ["Content-Length: 0"] })).status, 401);
  const answer = await fetch(`http://127.0.0.1:${port}/data`, {
    method: "PUT",
    body: "text",
    headers: { authorization: `Basic ${btoa("a:b")}`, connection: "close" },
  });
  assert.is(await answer.text(), "done");
  assert.equal(seen, ["PUT r text"]);
});

test("it answers 500 when onRequest fails before its answer, and tells the owner", async (t) => {
  const errors: Error[] = [];
  const cause = new Error("careless");
  const { endpoint } = await openBench(
    t,
    {
      onRequest: async () => {
        throw cause;
      },
    },
    { onError: (error) => errors.push(error) },
  );
  assert.is((await raw(t, { port: endpoint.port })).status, 500);
  assert.is(errors[0]?.cause, cause);
});

test("it sends no body for HEAD, and the length that a GET has", async (t) => {
  const { endpoint } = await openBench(t, {
    onRequest: ({ response }) => sendReply(response, jsonReply(200, { a: "é" })),
  });
  const port = endpoint.port;
  const { socket, answer } = startRaw(t, { port, method: "HEAD" });
  await until(() => answer().includes("\r\n\r\n"));
  socket.write("GET /data HTTP/1.1\r\nHost: test\r\n\r\n");
  await until(() => answer().split("HTTP/1.1 200").length === 3);
  const [, head = "", get = ""] = answer().split("HTTP/1.1 200");
  assert.ok(head.endsWith("\r\n\r\n"), head);
  const length = /content-length: 10\r\n/i;
  assert.match(head, length);
  assert.match(get, length);
  const refused = startRaw(t, { port, method: "HEAD", path: "/other" });
  await until(() => refused.answer().endsWith("\r\n\r\n"));
  assert.match(refused.answer(), "HTTP/1.1 404");
});

test("it answers once: what comes after is left out", async (t) => {
  const errors: Error[] = [];
  const onRequest: OnRequest = ({ response }) => {
    sendReply(response, textReply(200, "first"));
    sendReply(response, textReply(200, "second"));
  };
  const { endpoint } = await openBench(t, { onRequest }, { onError: (error) => errors.push(error) });
  assert.is((await raw(t, { port: endpoint.port })).body, "first");
  assert.equal(errors, []);
});

const shapes: { name: string; shape: Unauthorized; status?: number; body: string; extra?: string }[] = [
  {
    name: "a body and a header",
    shape: () => ({ body: "Go away.", headers: { "X-Un": "1" } }),
    body: "Go away.",
    extra: "1",
  },
  { name: "bytes", shape: () => ({ body: Buffer.from("bytes") }), body: "bytes" },
  { name: "a status, which stays 401", shape: () => ({ status: 200, body: "fine" }), body: "fine" },
  { name: "an empty body", shape: () => ({ body: "" }), body: "" },
  { name: "nothing", shape: () => undefined, body: "Not authorized." },
  {
    name: "a header value with a line break",
    shape: () => ({ headers: { "X-Un": "1\r\nX-Evil: 1" }, body: "x" }),
    body: "Not authorized.",
  },
  {
    name: "a header name with a line break",
    shape: () => ({ headers: { "X-Un\r\nX-Evil": "1" }, body: "x" }),
    body: "Not authorized.",
  },
  {
    name: "a header that is no text",
    shape: () => ({ headers: { "X-Un": {} as string }, body: "x" }),
    body: "Not authorized.",
  },
  {
    name: "a body that is no text",
    shape: () => ({ body: 5 as unknown as string }),
    body: "Not authorized.",
  },
  {
    name: "its own framing",
    shape: () => ({
      headers: { "Content-Length": "1", "Transfer-Encoding": "chunked", "WWW-Authenticate": "Negotiate" },
      body: "abc",
    }),
    body: "abc",
  },
  {
    name: "an exception",
    shape: () => {
      throw new Error("careless");
    },
    body: "Not authorized.",
  },
  {
    name: "a promise that rejects",
    shape: (async () => {
      throw new Error("careless");
    }) as unknown as Unauthorized,
    body: "Not authorized.",
  },
];

for (const headers of [UPGRADE, []]) {
  const kind = headers.length > 0 ? "upgrade" : "request";
  for (const { name, shape, body, extra } of shapes) {
    test(`it refuses an ${kind} with 401 when the hook returns ${name}`, async (t) => {
      const { endpoint } = await openBench(t, {
        authenticate: refuse,
        unauthorized: shape,
        realm: 'my "realm"',
      });
      const answer = await raw(t, { port: endpoint.port, headers });
      assert.is(answer.status, 401);
      assert.is(answer.headers.get("www-authenticate"), 'Basic realm="my \\"realm\\""');
      assert.is(answer.headers.get("content-length"), String(body.length));
      assert.is(answer.body, body);
      assert.is(answer.headers.has("x-evil"), false);
      assert.is(answer.headers.get("x-un"), extra);
    });
  }
}

test("it lets the hook set the content type", async (t) => {
  const { endpoint } = await openBench(t, {
    authenticate: refuse,
    unauthorized: () => ({ headers: { "Content-Type": "application/json" }, body: "{}" }),
  });
  const answer = await raw(t, { port: endpoint.port });
  assert.is(answer.headers.get("content-type"), "application/json");
});
