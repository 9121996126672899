// The type "proxy": a function sees every operation before it goes on to another channel, and may change it or answer in
// its place. It keeps nothing.
import { OptionError } from "@chorus/core";
import type { CallDetails, Entry, EntryData } from "../channel-data.js";
import type { ProxyCall, ProxyOperation } from "../channel-type-options.js";
import { listenerFailure, watchRejection } from "../errors.js";
import { entriesOf, type KeyAndValue } from "./entries-of.js";
import type { Kind, KindContext, MatchingCall } from "./kind.js";
import { type AnyFunction, OptionReader } from "./option-reader.js";

/** @throws OptionError */
export function createProxy(context: KindContext, options: unknown): Kind {
  const reader = new OptionReader("proxy", options, ["chTarget", "proxyFunc"]);
  const target = reader.otherChannel("chTarget", context.name);
  return new Proxied(context, target, reader.optionalFunction("proxyFunc"));
}

type Visit = (key: unknown, value: unknown) => unknown;

class Proxied implements Kind {
  readonly #context: KindContext;
  readonly #target: string;
  readonly #proxyFunc: AnyFunction | undefined;

  constructor(context: KindContext, target: string, proxyFunc: AnyFunction | undefined) {
    this.#context = context;
    this.#target = target;
    this.#proxyFunc = proxyFunc;
  }

  get size(): number {
    return this.#pass("size", {}, ({ size }) => size) as number;
  }

  get(k: object, x?: unknown): unknown {
    return this.#pass("get", { k, x }, (data, call) => data.get(call.k, call.x));
  }

  set(k: object, v: unknown, details: CallDetails): unknown {
    return this.#pass("set", { k, v, ...timeAndExtra(details) }, (data, call) =>
      data.set(call.k, call.v, detailsOf(call, details)),
    );
  }

  setMatching([match, k, v]: MatchingCall, details: CallDetails): unknown {
    return this.#pass("getSet", { match, k, v, ...timeAndExtra(details) }, (data, call) =>
      data.setMatching([call.match, call.k, call.v], detailsOf(call, details)),
    );
  }

  unset(k: object, details: CallDetails): void {
    const answer = this.#pass("unset", { k, ...timeAndExtra(details) }, (data, call) =>
      data.unset(call.k, detailsOf(call, details)),
    );
    this.#leave(answer);
  }

  setRows(k: readonly string[], v: readonly object[], details: CallDetails): void {
    const answer = this.#pass("setAll", { k, v, ...timeAndExtra(details) }, (data, call) =>
      data.setRows(call.k, call.v, detailsOf(call, details)),
    );
    this.#leave(answer);
  }

  unsetRows(k: readonly string[], v: readonly object[], details: CallDetails): void {
    const answer = this.#pass("unsetAll", { k, v, ...timeAndExtra(details) }, (data, call) =>
      data.unsetRows(call.k, call.v, detailsOf(call, details)),
    );
    this.#leave(answer);
  }

  takeEntry(end: "first" | "last"): Entry | undefined {
    let entry: Entry | undefined;
    const value = this.#pass(end === "first" ? "shift" : "pop", {}, (data) => {
      entry = data.takeEntry(end);
      return entry?.value;
    });
    // What the function answers has no key.
    return entry ?? (value === undefined ? undefined : { key: undefined, value });
  }

  keys(full?: unknown, x?: unknown): unknown[] {
    return this.#pass("getKeys", { full, x }, (data, call) => data.keys(call.full, call.x)) as unknown[];
  }

  sortedKeys(full?: unknown, x?: unknown): unknown[] {
    const answer = this.#pass("getSortedKeys", { full, x }, (data, call) =>
      data.sortedKeys(call.full, call.x),
    );
    return answer as unknown[];
  }

  values(x?: unknown): unknown[] {
    return this.#pass("getAll", { full: x, x }, (data, call) => data.values(call.full)) as unknown[];
  }

  forEach(visit: Visit): void {
    let entries: KeyAndValue[] = [];
    let visitor: unknown = visit;
    const answer = this.#pass("forEach", { function: visit }, (data, call) => {
      visitor = call.function;
      entries = entriesOf(data);
    });
    this.#leave(answer);
    // Visited when the target is done with it, so that the function may use any channel.
    for (const [key, value] of entries) (visitor as Visit)(key, value);
  }

  /** For an answer that no caller gets: should it be a promise that rejects, that ends no process. */
  #leave(answer: unknown): void {
    watchRejection(answer, (error) => this.#context.failed(listenerFailure("proxyFunc of a proxy", error)));
  }

  /** Asks the function; unless it answers, carries out what the call says by then. */
  #pass(
    op: ProxyOperation,
    details: Omit<ProxyCall, "op" | "name">,
    task: (data: EntryData, call: ProxyCall) => unknown,
  ): unknown {
    const call: ProxyCall = { op, name: this.#target, ...details };
    const { outside, forward } = this.#context;
    const ask = this.#proxyFunc;
    const answer = ask && outside(() => ask(call));
    if (answer !== undefined) return answer;
    if (typeof call.name !== "string" || call.name === "") {
      throw new OptionError("the name that proxyFunc left", call.name, "the name of a channel");
    }
    if (op === "forEach" && typeof call.function !== "function") {
      throw new OptionError("the function that proxyFunc left", call.function, "a function");
    }
    return forward(call.name, (data) => task(data, call));
  }
}

function timeAndExtra({ timestamp, x }: CallDetails): { timestamp: number | undefined; x: unknown } {
  return { timestamp, x };
}

function detailsOf({ timestamp, x }: ProxyCall, details: CallDetails): CallDetails {
  return { ...details, timestamp, x };
}
