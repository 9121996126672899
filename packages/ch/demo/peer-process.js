// The parent's view of one peer process: starts it, asks it things with a deadline, and makes sure that it ends. No
// process may outlive the demo, however the demo ends.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("peer.js", import.meta.url));

/** How long one request may take, in milliseconds. */
const ANSWER_MS = 8_000;

/** All processes that have not ended. */
const running = new Set();

export class PeerProcess {
  #child;
  #requests = new Map();
  #lastId = 0;

  /** @param name what the peer is called in the demo */
  constructor(name) {
    this.name = name;
    this.#child = fork(PROGRAM, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    running.add(this.#child);
    this.exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        running.delete(this.#child);
        for (const { reject } of this.#requests.values()) reject(new Error(`${name} ended unexpectedly`));
        resolve({ code, signal });
      });
    });
    this.#child.on("error", () => undefined);
    this.#child.on("message", ({ id, result, failure }) => {
      const request = this.#requests.get(id);
      this.#requests.delete(id);
      if (failure === undefined) request?.resolve(result);
      else request?.reject(new Error(`${name}: ${failure}`));
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Runs one of the commands of peer.js there. Rejects when it fails, or gives no answer in time. */
  ask(command, details) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      this.#child.send({ id, command, details }, (error) => {
        if (error) reject(new Error(`${this.name} cannot be asked: ${error.message}`));
      });
    });
    return within(answer, ANSWER_MS, `${this.name} to answer "${command}"`);
  }

  /** Ends the process without warning, as a crash or a power cut would. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.exited;
  }

  /** Asks it to close everything; it must then end by itself. */
  async stop() {
    await this.ask("stop");
    const { code, signal } = await within(this.exited, ANSWER_MS, `${this.name} to end by itself`);
    if (code !== 0) throw new Error(`${this.name} ended with ${signal ?? `code ${code}`}`);
  }
}

/** Ends every process that is still running; for the end of the demo, also an early one. */
export function killAll() {
  for (const child of running) child.kill("SIGKILL");
}

/** The promise, or a rejection that says what was waited for. */
export async function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1000} s for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
