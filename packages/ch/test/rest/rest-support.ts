// What the tests of the REST server share: requests whose path goes out as it is, and a channel that is only a map.
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ChorusError, JsonValue } from "@chorus/core";
import type { ChannelData } from "../../src/channel-data.js";
import { Exposures, exposeRequest, type ExposuresOptions } from "../../src/exposures.js";
import { keyText, parseKeyText, wrapKey } from "../../src/keys.js";
import { matches } from "../../src/matching.js";
import { chSettings } from "../../src/options.js";
import { indexPath } from "../../src/rest/rest-index.js";
import type { RestTarget } from "../../src/rest/rest-target.js";
import type { AuditEvent, AuthFunction, UnAuthFunction } from "../../src/types.js";
import { pickKey, wrapValue } from "../../src/wrapping.js";
import type { Cleanup } from "../support.js";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: { l: number; v: number; c?: number; r?: unknown; error?: string; message?: string };
}

export interface Sent {
  readonly method?: string;
  readonly body?: string | Uint8Array | undefined;
  readonly headers?: { readonly [name: string]: string | readonly string[] };
  readonly agent?: Agent;
}

/** Sends one request and gives its whole reply. */
export async function send(port: number, path: string, sent: Sent = {}): Promise<Reply> {
  const { method = "GET", body, headers = {}, agent } = sent;
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: headers as { [name: string]: string },
    agent: agent ?? new Agent(),
  });
  request.end(body);
  return replyTo(request);
}

/** The reply to a request that was sent, or is being sent. */
export async function replyTo(request: ReturnType<typeof httpRequest>): Promise<Reply> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response) text += piece;
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): Reply["json"] {
  try {
    return JSON.parse(text);
  } catch {
    return undefined as never;
  }
}

/** The path of an operation on a channel exposed at `base`. */
export function path(base: string, fields: { readonly [name: string]: unknown }): string {
  return base + indexPath(Object.entries(fields));
}

export function basic(user: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

/** A channel that is only a map, to be broken at will. */
export class FakeTarget implements RestTarget {
  readonly name = "fake";
  readonly uuid = "fake-uuid";
  version = 1;
  /** What `whenStored` waits for. */
  stored: () => Promise<void> = async () => undefined;
  readonly heardOf: [string, JsonValue | undefined][] = [];
  readonly calls: unknown[][] = [];
  readonly entries = new Map<string, unknown>();
  readonly data: ChannelData;

  constructor(overrides: Partial<ChannelData> = {}) {
    this.data = Object.assign(this.#data(), overrides);
  }

  whenStored(): Promise<void> {
    return this.stored();
  }

  heard(key: string, value: JsonValue | undefined): void {
    this.heardOf.push([key, value]);
  }

  #data(): ChannelData {
    const { entries, calls } = this;
    const textOf = (key: unknown): string => keyText(wrapKey(key));
    const keys = (): unknown[] => [...entries.keys()].map(parseKeyText);
    const set = (key: unknown, value: unknown): unknown => {
      entries.set(textOf(key), wrapValue(key, value));
      return wrapKey(key);
    };
    return {
      get size() {
        return entries.size;
      },
      get: (key) => entries.get(textOf(key)),
      set: (key, value, details) => {
        calls.push(["set", key, details]);
        return set(key, value);
      },
      setMatching: ([match, key, value]) =>
        entries.has(textOf(key)) && matches(entries.get(textOf(key)), match) ? set(key, value) : undefined,
      unset: (key, details) => {
        calls.push(["unset", key, details]);
        entries.delete(textOf(key));
      },
      setRows: (fields, rows, details) => {
        calls.push(["setRows", fields, details]);
        for (const row of rows as object[]) set(pickKey(row, fields as string[]), row);
      },
      unsetRows: (fields, rows, details) => {
        calls.push(["unsetRows", fields, details]);
        for (const row of rows as object[]) entries.delete(textOf(pickKey(row, fields as string[])));
      },
      checkRows: (fields, rows) => (rows as object[]).map((row) => textOf(pickKey(row, fields as string[]))),
      keyTexts: () => [...entries.keys()],
      take: () => undefined,
      keys,
      sortedKeys: keys,
      values: () => [...entries.values()],
      forEach: () => undefined,
    };
  }
}

/** A fake channel that is exposed at "/fake" of a server. */
export interface Served {
  readonly target: FakeTarget;
  readonly port: number;
  readonly server: Server;
  readonly exposures: Exposures;
  readonly events: AuditEvent[];
  readonly errors: ChorusError[];
}

export async function serve(
  t: Cleanup,
  options: Omit<Partial<ExposuresOptions>, "target"> & {
    target?: FakeTarget;
    authFunction?: AuthFunction;
    unAuthFunction?: UnAuthFunction;
  } = {},
): Promise<Served> {
  const { target = new FakeTarget(), authFunction, unAuthFunction, ...others } = options;
  const server = createServer((_, response) => response.writeHead(418).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const events: AuditEvent[] = [];
  const errors: ChorusError[] = [];
  const exposures = new Exposures({
    uuid: target.uuid,
    newUuid: () => "another",
    endpoint: {},
    onTransport: undefined,
    target,
    bodies: chSettings({}).bodies,
    audit: (event) => events.push(event),
    onError: (error) => errors.push(error),
    ...others,
  });
  t.after(async () => {
    await exposures.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
  const request = exposeRequest("fake", {
    portOrServer: server,
    path: undefined,
    authFunction,
    unAuthFunction,
  });
  (await exposures.open(request))?.keep();
  return { target, port: (server.address() as AddressInfo).port, server, exposures, events, errors };
}
