// Run by endpoint.test.ts as a process of its own: uses everything once, closes it, and must then end by
// itself.
import { createServer } from "node:http";
import { until } from "@chorus/testing";
import { dialWebSocket, Endpoint } from "@chorus/node";
import { Recorder } from "./helpers.js";

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const endpoints = [await Endpoint.listen(0, { host: "127.0.0.1" }), await Endpoint.listen(server)];
const inbound: Recorder[] = [];
const outbound: Recorder[] = [];
for (const endpoint of endpoints) {
  endpoint.expose("/data", (transport) => inbound.push(new Recorder(transport)));
  endpoint.expose("/hanging", () => undefined, { authenticate: () => new Promise(() => undefined) });
  outbound.push(new Recorder(dialWebSocket(`http://127.0.0.1:${endpoint.port}/data`)));
  outbound.push(new Recorder(dialWebSocket(`http://127.0.0.1:${endpoint.port}/hanging`)));
  outbound.push(new Recorder(dialWebSocket(`http://127.0.0.1:${endpoint.port}/unknown`)));
}
await until(() => inbound.length === 2);
await Promise.all(endpoints.map((endpoint) => endpoint.close()));
await new Promise((resolve) => server.close(resolve));
await until(() => outbound.every((recorder) => recorder.end !== undefined));
// The pipe to the parent is the parent's. Node lists a server until the turn after its "close".
const left = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => !/^(PipeWrap|TTYWrap|FSReqPromise)$/.test(name));
// The first question is asked without a timer of its own running.
await until(() => left().every((name) => name === "Timeout")).catch(() => undefined);
process.stdout.write(`closed, left open: ${left().join()}\n`);
