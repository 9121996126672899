import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { TcpProxy } from "../src/tcp-proxy.js";

const test = suite("TCP proxy");

/** A server that sends everything back, and a proxy that leads to it. */
async function echoBehindProxy(t: TestContext): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await TcpProxy.open();
  proxy.leadTo((server.address() as AddressInfo).port);
  t.after(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return proxy;
}

interface Caller {
  readonly socket: Socket;
  heard: string;
  isOver: boolean;
}

function call(t: TestContext, proxy: TcpProxy): Caller {
  const caller: Caller = { socket: connect(proxy.port, "127.0.0.1"), heard: "", isOver: false };
  caller.socket.setEncoding("utf8").on("data", (text) => {
    caller.heard += text;
  });
  caller.socket
    .on("error", () => undefined)
    .on("close", () => {
      caller.isOver = true;
    });
  t.after(() => caller.socket.destroy());
  return caller;
}

test("it carries both ways", async (t) => {
  const caller = call(t, await echoBehindProxy(t));
  caller.socket.write("hello");
  await until(() => caller.heard === "hello");
});

test("it carries more than fits into a socket's buffer", async (t) => {
  const caller = call(t, await echoBehindProxy(t));
  const text = "0123456789".repeat(1_000_000);
  caller.socket.write(text);
  await until(() => caller.heard.length >= text.length, { what: "10 MB to come back" });
  assert.ok(caller.heard === text);
});

test("it cuts what is open, and takes in who comes again", async (t) => {
  const proxy = await echoBehindProxy(t);
  const caller = call(t, proxy);
  caller.socket.write("a");
  await until(() => caller.heard === "a");
  assert.is(proxy.cut(), 1);
  await until(() => caller.isOver);
  const again = call(t, proxy);
  again.socket.write("b");
  await until(() => again.heard === "b");
});

test("it refuses newcomers while it is told to, and while it leads nowhere", async (t) => {
  const proxy = await echoBehindProxy(t);
  proxy.refuse(true);
  const refused = call(t, proxy);
  await until(() => refused.isOver);
  proxy.refuse(false);
  const taken = call(t, proxy);
  taken.socket.write("a");
  await until(() => taken.heard === "a");
  proxy.leadTo(undefined);
  const lost = call(t, proxy);
  await until(() => lost.isOver);
  assert.not.ok(taken.isOver, "what is open stays");
});

test("it holds everything back while it stalls, and loses nothing", async (t) => {
  const proxy = await echoBehindProxy(t);
  const caller = call(t, proxy);
  caller.socket.write("a");
  await until(() => caller.heard === "a");
  proxy.stall(true);
  caller.socket.write("b");
  const free = call(t, await echoBehindProxy(t));
  free.socket.write("c");
  // By the time that another proxy has answered, this one would have too.
  await until(() => free.heard === "c");
  assert.is(caller.heard, "a");
  proxy.stall(false);
  await until(() => caller.heard === "ab");
});
