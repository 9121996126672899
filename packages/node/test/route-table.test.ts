// Which exposed path answers a plain request, what it is told of the rest, and that no target makes that costly.
import { assert, suite, type TestContext } from "@chorus/testing";
import { Endpoint, jsonReply, type OnRequest, sendReply } from "@chorus/node";
import { endpointSettings } from "../src/endpoint-options.js";
import { exposeSettings } from "../src/expose-options.js";
import { Route } from "../src/route.js";
import { RouteTable } from "../src/route-table.js";
import { collect, type Guest, raw, UPGRADE } from "./helpers.js";

const test = suite("route table");

/** Answers with what it was told. */
function telling(name: string): OnRequest {
  return ({ response, subpath }) => sendReply(response, jsonReply(200, { name: encodeURI(name), subpath }));
}

async function listen(t: TestContext): Promise<Endpoint> {
  const endpoint = await Endpoint.listen(0, { host: "127.0.0.1", closeGraceMs: 200 });
  t.after(() => endpoint.close());
  return endpoint;
}

/** What answers a target, as "path subpath", or its status. */
async function ask(t: TestContext, endpoint: Endpoint, path: string): Promise<string> {
  const answer = await raw(t, { port: endpoint.port, path });
  if (answer.status !== 200) return String(answer.status);
  const told = JSON.parse(answer.body);
  return `${told.name} ${told.subpath}`;
}

test("it hands on the rest of a target behind the longest path, still encoded, with the query", async (t) => {
  const endpoint = await listen(t);
  for (const path of ["/a", "/a/b/c", "/a é/b", "/a//b"]) {
    endpoint.expose(path, undefined, { onRequest: telling(path) });
  }
  const expected: [string, string][] = [
    ["/a", "/a "],
    ["/a/", "/a "],
    ["/a?x=/y", "/a ?x=/y"],
    ["/a/?x", "/a ?x"],
    ["/a//", "/a //"],
    ["/a/b", "/a /b"],
    ["/a/b/c", "/a/b/c "],
    ["/a/b/c/", "/a/b/c "],
    ["/a/b/c/d/", "/a/b/c /d/"],
    ["/a/b/cd", "/a /b/cd"],
    ["/a/o/e/k/%7B%22a%22%3A%22%2F%3F%22%7D/t/5?q=%20#f", "/a /o/e/k/%7B%22a%22%3A%22%2F%3F%22%7D/t/5?q=%20"],
    ["/%61/%62/%63/%64", "/a/b/c /%64"],
    ["/a%20%C3%A9/b/x", "/a%20%C3%A9/b /x"],
    ["/a/%/%FF", "/a /%/%FF"],
    ["/a//b/c", "/a//b /c"],
    ["/a/%/b", "/a /%/b"],
    ["/a/%/b/c", "/a /%/b/c"],
    ["/a/b/%/c", "/a /b/%/c"],
    ["/a/b%2Fc/d", "/a /b%2Fc/d"],
    ["/a/../a/b/c", "/a /../a/b/c"],
    ["http://host:1/a/x?y", "/a /x?y"],
    ["/ab", "404"],
    ["/", "404"],
    ["//a", "404"],
    ["/%/a", "404"],
    ["/a%2Fx", "404"],
    ["/A/x", "404"],
    ["*", "404"],
  ];
  for (const [target, told] of expected) assert.is(await ask(t, endpoint, target), told, target);
});

test("it gives the root what no longer path takes", async (t) => {
  const endpoint = await listen(t);
  endpoint.expose("/", undefined, { onRequest: telling("root") });
  endpoint.expose("/a", undefined, { onRequest: telling("a") });
  for (const [target, told] of [
    ["/", "root "],
    ["/?q", "root ?q"],
    ["http://host", "root "],
    ["http://host?q", "root ?q"],
    ["/b/c", "root /b/c"],
    ["//b", "root //b"],
    ["/%", "root /%"],
    ["/a/c", "a /c"],
    ["*", "404"],
  ] as const) {
    assert.is(await ask(t, endpoint, target), told, target);
  }
});

test("it takes a path without onRequest exactly, and gives what is below it to a shorter one", async (t) => {
  const endpoint = await listen(t);
  endpoint.expose("/a", undefined, { onRequest: telling("a") });
  const inner = endpoint.expose("/a/b", collect([]));
  assert.is(await ask(t, endpoint, "/a/b/"), "426");
  assert.is(await ask(t, endpoint, "/a/b/c"), "a /b/c");
  await inner.close();
  assert.is(await ask(t, endpoint, "/a/b"), "a /b");
});

test("it forgets a path that was closed, and only that", async (t) => {
  const endpoint = await listen(t);
  const outer = endpoint.expose("/a", undefined, { onRequest: telling("a") });
  const inner = endpoint.expose("/a/b", undefined, { onRequest: telling("b") });
  assert.is(await ask(t, endpoint, "/a/b/c"), "b /c");
  await inner.close();
  assert.is(await ask(t, endpoint, "/a/b/c"), "a /b/c");
  endpoint.expose("/a/b", undefined, { onRequest: telling("again") });
  await outer.close();
  assert.is(await ask(t, endpoint, "/a/b/c"), "again /c");
  assert.is(await ask(t, endpoint, "/a/c"), "404");
});

test("it lets upgrades in on the very path only, and never below", async (t) => {
  const endpoint = await listen(t);
  const guests: Guest[] = [];
  endpoint.expose("/a", collect(guests), { onRequest: telling("a") });
  const upgrade = { port: endpoint.port, headers: UPGRADE };
  assert.is((await raw(t, { ...upgrade, path: "/a/b" })).status, 404);
  assert.is((await raw(t, { ...upgrade, path: "/a/" })).status, 101);
  assert.is(guests.length, 1);
});

function routeOf(path: string): Route {
  const settings = exposeSettings(path, { onRequest: () => undefined });
  return new Route({ path, onTransport: undefined, settings, endpoint: endpointSettings({}) });
}

/** A table with some paths, all answering plain requests. */
function tableOf(paths: readonly string[]): RouteTable {
  const table = new RouteTable();
  for (const path of paths) table.add(routeOf(path), "here");
  return table;
}

test("it has after removals what it would have without, whatever the order", () => {
  const paths = ["/", "/a", "/a/b", "/a/b/c", "/a/x", "/b/c/d", "/a//b", "/b"];
  const targets = [...paths.map((path) => `${path}/y`), "/a/b/c/d/e", "/b/c/x", "/z"];
  const found = (table: RouteTable): unknown[] =>
    targets.map((target) => {
      const at = table.find(target);
      return at && [at.route.path, at.subpath];
    });
  for (let shift = 0; shift < paths.length; shift++) {
    const order = [...paths.slice(shift), ...paths.slice(0, shift)];
    const routes = order.map(routeOf);
    const table = new RouteTable();
    for (const route of routes) table.add(route, "here");
    for (const [i, route] of routes.entries()) {
      table.remove(route);
      table.remove(route);
      assert.equal(found(table), found(tableOf(order.slice(i + 1))), order.slice(0, i + 1).join());
    }
  }
});

test("it removes many paths in time that grows as their number", () => {
  const routes = Array.from({ length: 20_000 }, (_, i) => routeOf(`/channels/c${i}`));
  const table = new RouteTable();
  for (const route of routes) table.add(route, "here");
  const startedAt = performance.now();
  for (const route of routes) table.remove(route);
  // Planting the others again at each removal would take minutes.
  assert.ok(performance.now() - startedAt < 2_000);
  assert.is(table.find("/channels/c1/x"), undefined);
});

/** The shortest of several runs of 200 lookups, in milliseconds. */
function cost(table: RouteTable, target: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 7; run += 1) {
    const begin = process.hrtime.bigint();
    for (let lookup = 0; lookup < 200; lookup += 1) table.find(target);
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / 1e6);
  }
  return best;
}

test("it costs no more for a longer target than reading it, whatever it is made of", () => {
  const deep = `/a${"/".repeat(50)}`;
  const table = tableOf(["/", "/a", deep, `/${"a/".repeat(40)}b`]);
  for (const piece of ["/", "a/", "%2F", "/%41", "%", "/a/%"]) {
    const [short, long] = [2_000, 64_000].map((length) => `/${piece.repeat(length / piece.length)}`);
    const [small, large] = [cost(table, short ?? ""), cost(table, long ?? "")];
    // 32 times as long: linear is 32 times as much, quadratic 1,024 times.
    assert.ok(large < 10 + 200 * small, `${piece}: ${small} ms, then ${large} ms`);
  }
});
