// What the tests of this package share: raw requests whose every header is under control, and a transport's
// owner that writes down what it is told.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CloseInfo, Transport, TransportHandlers } from "@chorus/core";
import {
  type Admission,
  createDialler,
  Endpoint,
  type EndpointOptions,
  type ExposeOptions,
} from "@chorus/node";
import { type TestContext, until } from "@chorus/testing";

/** Owns a transport and remembers everything in order. */
export class Recorder implements TransportHandlers {
  readonly transport: Transport;
  readonly frames: Uint8Array[] = [];
  readonly log: string[] = [];
  drains = 0;
  end: CloseInfo | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start(this);
  }

  opened(): void {
    this.log.push("opened");
  }

  received(frame: Uint8Array): void {
    this.frames.push(frame);
    this.log.push("received");
  }

  drained(): void {
    this.drains += 1;
  }

  closed(info: CloseInfo): void {
    this.end = info;
    this.log.push("closed");
  }

  whenOpen(): Promise<unknown> {
    return until(() => this.log.includes("opened"), { what: `opened (closed: ${JSON.stringify(this.end)})` });
  }

  async whenClosed(): Promise<CloseInfo> {
    return until(() => this.end, { what: "closed" });
  }
}

/** A peer let in by a test endpoint. */
export interface Guest extends Admission {
  recorder: Recorder;
}

/** An endpoint with one exposed path and everybody it let in. */
export interface Bench {
  endpoint: Endpoint;
  guests: Guest[];
  url: string;
}

/** Opens an endpoint on a free loopback port with "/data" exposed; closed after the test. */
export async function openBench(
  t: TestContext,
  options: ExposeOptions = {},
  endpointOptions: EndpointOptions = {},
): Promise<Bench> {
  const endpoint = await Endpoint.listen(0, { host: "127.0.0.1", closeGraceMs: 200, ...endpointOptions });
  t.after(() => endpoint.close());
  const guests: Guest[] = [];
  endpoint.expose("/data", collect(guests), options);
  return { endpoint, guests, url: `ws://127.0.0.1:${endpoint.port}/data` };
}

/** An `onTransport` that starts each transport and adds it to a list. */
export function collect(guests: Guest[]): (transport: Transport, admission: Admission) => void {
  return (transport, admission) => guests.push({ ...admission, recorder: new Recorder(transport) });
}

/** Dials, recording; terminated after the test. */
export function dial(t: TestContext, url: string, dialler = createDialler()): Recorder {
  const recorder = new Recorder(dialler(url));
  t.after(() => recorder.transport.terminate());
  return recorder;
}

/** The headers of a proper upgrade by a Chorus peer. */
export const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/** One request over a socket of its own, each header line as given. */
export interface RawRequest {
  port: number;
  path?: string;
  method?: string;
  headers?: readonly string[];
}

/** Opens a socket and sends a request; what comes back is collected. */
export function startRaw(t: TestContext, request: RawRequest): { socket: Socket; answer: () => string } {
  const { port, path = "/data", method = "GET", headers = [] } = request;
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.write(`${[`${method} ${path} HTTP/1.1`, "Host: test", ...headers].join("\r\n")}\r\n\r\n`);
  t.after(() => socket.destroy());
  return { socket, answer: () => text };
}

/** The status, headers (lower case) and body of a raw answer; waits for its declared length. */
export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

export async function raw(t: TestContext, request: RawRequest): Promise<RawAnswer> {
  const { answer, socket } = startRaw(t, request);
  const parsed = await until(() => parseAnswer(answer()), { what: "an HTTP answer" });
  socket.destroy();
  return parsed;
}

function parseAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers.get("content-length") ?? 0)) return undefined;
  return { status: Number(first.split(" ")[1]), headers, body };
}

/** The header line of basic credentials given as text or bytes. */
export function basic(credentials: string | Uint8Array): string {
  return `Authorization: Basic ${Buffer.from(credentials as string).toString("base64")}`;
}

/** A self-signed certificate for localhost, or undefined when there is no openssl. */
export function makeCertificate(t: TestContext): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "chorus-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  try {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** Lets the caller's server listen on a free port; it is closed after the test, by the test. */
export async function listenOnFreePort(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return (server.address() as AddressInfo).port;
}
