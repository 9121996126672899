// The type "ops": functions under names, which `set` and `get` call. It keeps nothing, and has no say in what they return.
import { OptionError } from "@chorus/core";
import type { CallDetails } from "../channel-data.js";
import type { Kind, KindContext } from "./kind.js";
import { type AnyFunction, optionMap } from "./option-reader.js";

/** @throws OptionError for options that are no map of functions */
export function createOps(context: KindContext, options: unknown): Kind {
  const functions = new Map<string, AnyFunction>();
  for (const [name, value] of Object.entries(optionMap("ops", options))) {
    if (typeof value !== "function") {
      throw new OptionError(`the option ${name} of the type "ops"`, value, "a function");
    }
    functions.set(name, value as AnyFunction);
  }
  return new Ops(context, functions);
}

class Ops implements Kind {
  readonly #context: KindContext;
  readonly #functions: ReadonlyMap<string, AnyFunction>;

  constructor(context: KindContext, functions: ReadonlyMap<string, AnyFunction>) {
    this.#context = context;
    this.#functions = functions;
  }

  get size(): number {
    return this.#functions.size;
  }

  get(key: object, x?: unknown): unknown {
    return this.#call(key, {}, x);
  }

  set(key: object, value: unknown, { x }: CallDetails): unknown {
    return this.#call(key, value, x);
  }

  setMatching(): undefined {}

  unset(): void {}

  setRows(): void {}

  unsetRows(): void {}

  takeEntry(): undefined {}

  keys(): string[] {
    return [...this.#functions.keys()];
  }

  sortedKeys(): string[] {
    return this.keys().sort();
  }

  values(x?: unknown): unknown[] {
    return this.keys().map((key) => this.#call({ key }, {}, x));
  }

  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    for (const key of this.keys()) visit(key, this.#call({ key }, {}, undefined));
  }

  #call(key: object, value: unknown, x: unknown): unknown {
    const { key: name } = key as { key?: unknown };
    const called = typeof name === "string" ? this.#functions.get(name) : undefined;
    return called && this.#context.outside(() => called(value, x));
  }
}
