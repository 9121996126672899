// An original OpenAF channel as a link sees it: rows in the order of their first write, arrival order wins, a counter
// that is an object in replies to GET. Small and strict; failures are switched on by tests.
import { ChorusError, type Runtime } from "@chorus/core";
import type { HttpConnection, HttpReply } from "@chorus/node";
import { canonicalText, keyText, parseKeyText } from "../../src/keys.js";

type Method = "GET" | "PUT" | "POST" | "DELETE";

/** down: nothing listens. silent: a request is read and nothing comes of it. mute: it is carried out, and the connection breaks. */
export type Mood = "up" | "down" | "mute" | "silent";

const LARGE = 1_000_000;

export class FakeOriginal {
  readonly rows = new Map<string, unknown>();
  /** What was asked: "GET /o/l", … */
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  mood: Mood = "up";
  permission = "rw";
  /** By how much its clock is ahead. */
  aheadMs = 0;
  /** How long a request takes. */
  delayMs = 0;
  /** Replies instead of its own. */
  reply: ((method: Method, path: string) => HttpReply | undefined) | undefined;
  /** Called before an answer is made. */
  before: ((method: Method, path: string) => void) | undefined;
  version: number;
  counter: number | undefined;
  connections = 0;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.version = this.now();
  }

  now(): number {
    return this.#runtime.now() + this.aheadMs;
  }

  get(key: object): unknown {
    return this.rows.get(keyText(key));
  }

  /** A write by a program there. */
  set(key: object, value: unknown): void {
    this.rows.set(keyText(key), structuredClone(value));
    this.version = this.now();
  }

  unset(key: object): void {
    this.rows.delete(keyText(key));
    this.version = this.now();
  }

  /** The process ends and starts again, with nothing or with what it had. */
  restart(rows: readonly (readonly [object, unknown])[] = []): void {
    this.rows.clear();
    this.counter = undefined;
    this.version = this.now();
    for (const [key, value] of rows) this.set(key, value);
  }

  /** Requests that changed something. */
  get writes(): string[] {
    return this.requests.filter((request) => !request.startsWith("GET"));
  }

  connect = (): HttpConnection => {
    this.connections++;
    let isClosed = false;
    let last: Promise<unknown> = Promise.resolve();
    const abort: ((error: Error) => void)[] = [];
    const run = async (method: Method, path: string, body?: string): Promise<HttpReply> => {
      if (isClosed) throw closed();
      this.requests.push(`${method} ${decodeURIComponent(path)}`);
      if (body !== undefined) this.bodies.push(body);
      return new Promise((resolve, reject) => {
        abort.push(reject);
        const answer = (): void => this.#answer({ method, path, body }, resolve, reject);
        if (this.mood === "silent") return;
        this.#runtime.after(this.delayMs, answer);
      });
    };
    return {
      request: ({ method, path, body }) => {
        const reply = last.then(() => run(method, path, body));
        last = reply.catch(() => undefined);
        return reply;
      },
      close: async () => {
        if (!isClosed) this.connections--;
        isClosed = true;
        for (const reject of abort) reject(closed());
      },
    };
  };

  #answer(
    { method, path, body }: { method: Method; path: string; body: string | undefined },
    resolve: (reply: HttpReply) => void,
    reject: (error: Error) => void,
  ): void {
    const broken = (): void => reject(new ChorusError("connection-failed", "secret of the connection"));
    if (this.mood === "down") return broken();
    this.before?.(method, path);
    const reply = this.reply?.(method, path) ?? this.#carryOut(method, path, body);
    if (this.mood === "mute") broken();
    // Its own work must not count as ours where turns are measured.
    else if (reply.body.length > LARGE) this.#runtime.later(() => resolve(reply));
    else resolve(reply);
  }

  #carryOut(method: Method, path: string, body: string | undefined): HttpReply {
    const parts = path.split("/").slice(1).map(decodeURIComponent);
    const index = new Map<string, unknown>();
    for (let i = 0; i < parts.length; i += 2) index.set(parts[i] ?? "", parsed(parts[i + 1] ?? ""));
    const isAllowed = this.permission.includes(method === "GET" ? "r" : "w");
    if (!isAllowed) return this.#json({ c: -1, r: {} });
    const result = method === "GET" ? this.#read(index) : this.#write(method, index, parsed(body ?? ""));
    const counter = method === "GET" && this.counter !== undefined ? { v: `${this.counter}` } : this.counter;
    return this.#json({ c: counter, r: result });
  }

  #json(more: object): HttpReply {
    const body = JSON.stringify({ l: this.rows.size, v: this.version, ...more });
    return { status: 200, headers: { "content-type": "application/json; charset=utf-8" }, body };
  }

  #read(index: Map<string, unknown>): unknown {
    switch (index.get("o")) {
      case "l":
        return this.rows.size;
      case "k":
        return [...this.rows.keys()].map(parseKeyText);
      case "a":
        return [...this.rows.values()];
      default:
        return this.get(index.get("k") as object);
    }
  }

  #write(method: Method, index: Map<string, unknown>, body: unknown): unknown {
    const op = index.get("o");
    this.counter = (this.counter ?? 0) + (op === "ua" ? -1 : 1);
    this.version = this.now();
    if (op === "e") {
      const key = index.get("k") as object;
      if (method === "DELETE") this.rows.delete(keyText(key));
      else this.rows.set(keyText(key), body);
      return method === "DELETE" ? {} : key;
    }
    for (const row of body as { [field: string]: unknown }[]) {
      const key = keyText(Object.fromEntries((index.get("k") as string[]).map((name) => [name, row[name]])));
      if (op === "ua") this.rows.delete(key);
      else this.rows.set(key, row);
    }
    return undefined;
  }
}

/** What a channel and an original hold, to be compared. */
export function canonicalRows(rows: Iterable<readonly [string, unknown]>): string[] {
  return [...rows].map(([key, value]) => `${key} ${canonicalText(value)}`).sort();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function closed(): Error {
  return new ChorusError("closed", "the connection was closed");
}
