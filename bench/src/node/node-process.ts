// A node process as its coordinator sees it: started, asked, and ended by its own id. Must never outlive `end`, nor its
// coordinator: the child ends itself when the IPC channel closes.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { AnswerMessage, CommandName, Commands } from "./node-messages.js";

/** Time for the child to end by itself before it is killed. */
const END_TIMEOUT_MS = 5_000;

const SCRIPT = join(import.meta.dirname, "node-main.js");

/** How a node process is started. */
export interface NodeProcessOptions {
  /** Id of the system of which it has a node. */
  readonly system: string;
  /** Time for a command, in milliseconds. */
  readonly commandMs: number;
  /** Where a CPU profile of the whole process is written, and its name; default: none. */
  readonly profile?: { readonly folder: string; readonly name: string } | undefined;
}

/** A command took longer than it may: it is no failure to be slow. */
export class TimeLimitExceeded extends Error {}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #commandMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor({ system, commandMs, profile }: NodeProcessOptions) {
    this.#commandMs = commandMs;
    const profiling = profile
      ? ["--cpu-prof", `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.name}.cpuprofile`]
      : [];
    this.#child = fork(SCRIPT, [system], { execArgv: ["--expose-gc", ...profiling] });
    this.#child.on("message", (message: AnswerMessage) => this.#answered(message));
    this.#child.on("error", (error) => this.#failAll(error));
    this.#child.on("exit", (code) => this.#failAll(new Error(`a node process ended with ${code}`)));
  }

  /** @throws Error when the child failed, ended, or did not answer in time */
  ask<Name extends CommandName>(
    command: Name,
    request: Commands[Name]["request"],
  ): Promise<Commands[Name]["answer"]> {
    const id = ++this.#lastId;
    return new Promise<Commands[Name]["answer"]>((resolve, reject) => {
      const timer = setTimeout(() => {
        const text = `no answer to ${command} within ${this.#commandMs} ms`;
        this.#settle(id)?.reject(new TimeLimitExceeded(text));
      }, this.#commandMs);
      this.#waiting.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer as Commands[Name]["answer"]);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#child.send({ id, command, request }, (error) => {
        if (error) this.#settle(id)?.reject(error);
      });
    });
  }

  /** Lets the child end in order, so that it can write a profile; kills it when it does not. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  }

  #answered({ id, answer, error }: AnswerMessage): void {
    const waiting = this.#settle(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(`a node process failed: ${error}`));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #failAll(error: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(error);
  }
}
