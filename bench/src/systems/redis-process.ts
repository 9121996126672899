// A redis-server process of a node: its command line, its port, its end. Must never outlive the node's process, and
// never write to a disk.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { cpuMicrosecondsOf } from "./process-cpu.js";

const COMMAND = "redis-server";
/** Of util-linux. It becomes the server, so the process is the same, and lets it die with this one, however that ends. */
const GUARD = "setpriv";
const GUARD_ARGUMENTS = ["--pdeathsig", "KILL", COMMAND];
const START_ATTEMPTS = 5;
const HOST = "127.0.0.1";

/** No persistence; replicas are sent snapshots at once and over the socket, and are never cut for being behind. */
const SETTINGS = [
  ...["--bind", HOST, "--save", "", "--appendonly", "no", "--loglevel", "notice"],
  ...["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-diskless-load", "swapdb"],
  ...["--repl-backlog-size", "64mb", "--client-output-buffer-limit", "replica", "0", "0", "0"],
];

type Child = ChildProcessByStdio<null, Readable, null>;

/** Why no server can be started here, or undefined. */
export function whyNoRedis(): string | undefined {
  if (process.platform !== "linux") return "the CPU of redis-server is read from /proc, which only Linux has";
  return [COMMAND, GUARD]
    .map((name) => (isInPath(name) ? undefined : `${name} is not in PATH`))
    .find(Boolean);
}

function isInPath(name: string): boolean {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A running server. */
export class RedisProcess {
  readonly host = HOST;
  readonly port: number;
  readonly #child: Child;
  #ended = false;

  private constructor(child: Child, port: number) {
    this.port = port;
    this.#child = child;
    child.once("exit", () => {
      this.#ended = true;
    });
  }

  /**
   * Starts one on a free port; `folder` is its working directory.
   * @throws Error with what it printed when it does not start
   */
  static async start(folder: string): Promise<RedisProcess> {
    // Redis cannot choose a port itself; another process may take the free one before it does.
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const settings = ["--port", String(port), "--dir", folder, ...SETTINGS];
      const child = spawn(GUARD, [...GUARD_ARGUMENTS, ...settings], { stdio: ["ignore", "pipe", "ignore"] });
      const redis = new RedisProcess(child, port);
      const failure = await redis.#whenReady();
      if (failure === undefined) return redis;
      await redis.end();
      if (attempt === START_ATTEMPTS) throw new Error(`${COMMAND} did not start: ${failure}`);
    }
  }

  /** CPU that it has taken; the last figure is gone once it has ended. */
  cpuMicroseconds(): number {
    return this.#child.pid === undefined || this.#ended ? 0 : cpuMicrosecondsOf(this.#child.pid);
  }

  /** Kills it: there is nothing to save, and in order it would wait for its replicas first. */
  async end(): Promise<void> {
    if (this.#ended || this.#child.pid === undefined) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }

  /** Resolves with undefined once it accepts connections, or with what it printed before it ended. */
  #whenReady(): Promise<string | undefined> {
    const { stdout } = this.#child;
    return new Promise((resolve) => {
      let printed = "";
      const read = (text: string): void => {
        printed += text;
        if (!printed.includes("Ready to accept connections")) return;
        // What follows is thrown away, or the pipe would fill.
        stdout.off("data", read).resume();
        resolve(undefined);
      };
      stdout.setEncoding("utf8").on("data", read);
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", () => resolve(printed.trim()));
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port was found");
  return address.port;
}
