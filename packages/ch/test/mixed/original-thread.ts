// Starts an original in a thread of its own and asks it what it holds. It must not share memory with it.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Cleanup } from "../support.js";
import type { Contents } from "./members.js";

export class OriginalThread {
  readonly url: string;
  readonly #worker: Worker;

  private constructor(worker: Worker, url: string) {
    this.#worker = worker;
    this.url = url;
  }

  /** @param count how many entries it holds from the beginning, those of manyEntries */
  static async start(t: Cleanup, count: number): Promise<OriginalThread> {
    const worker = new Worker(new URL("./original-worker.js", import.meta.url), { workerData: count });
    const [url] = (await once(worker, "message")) as [string];
    t.after(async () => {
      worker.postMessage("end");
      await once(worker, "exit");
    });
    return new OriginalThread(worker, url);
  }

  contents(): Promise<Contents> {
    return this.#ask("contents") as Promise<Contents>;
  }

  /** All requests that came in: "GET l". */
  requests(): Promise<string[]> {
    return this.#ask("requests") as Promise<string[]>;
  }

  async #ask(question: string): Promise<unknown> {
    this.#worker.postMessage(question);
    const [answer] = (await once(this.#worker, "message")) as [unknown];
    return answer;
  }
}
