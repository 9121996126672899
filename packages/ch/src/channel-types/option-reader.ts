// Reads and checks the options that a virtual type was created with. Every refusal names the type and the option.
import { OptionError } from "@chorus/core";

/** A function of the application. */
export type AnyFunction = (...args: unknown[]) => unknown;

/** The options of one `create`, each checked when it is read. */
export class OptionReader {
  readonly #type: string;
  readonly #options: { readonly [option: string]: unknown };

  /** @throws OptionError for what is no map, and for an option that is none of `names` */
  constructor(type: string, options: unknown, names: readonly string[]) {
    this.#type = type;
    this.#options = optionMap(type, options);
    for (const option of Object.keys(this.#options)) {
      if (names.includes(option)) continue;
      const allowed = names.length === 0 ? "left out: there are none" : `made of ${names.join(", ")}`;
      throw new OptionError(`the options of the type ${JSON.stringify(type)}`, option, allowed);
    }
  }

  /** The value of an option; undefined, like null, is left out. */
  value(name: string): unknown {
    return Object.hasOwn(this.#options, name) ? (this.#options[name] ?? undefined) : undefined;
  }

  /** The name of a channel other than the one that is created. */
  otherChannel(name: string, own: string): string {
    const value = this.value(name);
    if (typeof value === "string" && value !== "" && value !== own) return value;
    return this.refuse(name, "the name of another channel");
  }

  /** Names of channels other than the one that is created, at least one. */
  otherChannels(name: string, own: string): readonly string[] {
    const value = this.value(name);
    const isFine = (one: unknown): boolean => typeof one === "string" && one !== "" && one !== own;
    if (Array.isArray(value) && value.length > 0 && value.every(isFine)) return [...value];
    return this.refuse(name, "an array of names of other channels");
  }

  fieldNames(name: string): readonly string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) {
      return [...value];
    }
    return this.refuse(name, "an array of field names");
  }

  optionalFunction(name: string): AnyFunction | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === "function") return value as AnyFunction | undefined;
    return this.refuse(name, "a function");
  }

  requiredFunction(name: string): AnyFunction {
    return this.optionalFunction(name) ?? this.refuse(name, "a function");
  }

  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    return typeof value === "boolean" ? value : this.refuse(name, "true or false");
  }

  /** A whole number from `from` to `to`; without the option `otherwise`. */
  whole(name: string, { from, to, otherwise }: { from: number; to: number; otherwise: number }): number {
    const value = this.value(name) ?? otherwise;
    if (typeof value === "number" && Number.isInteger(value) && value >= from && value <= to) return value;
    return this.refuse(name, `a whole number from ${from} to ${to}`);
  }

  /** @throws OptionError, always */
  refuse(name: string, allowed: string): never {
    const option = `the option ${name} of the type ${JSON.stringify(this.#type)}`;
    throw new OptionError(option, this.value(name), allowed);
  }
}

/** The options as a map; none is an empty one. @throws OptionError */
export function optionMap(type: string, options: unknown): { readonly [option: string]: unknown } {
  const value = options ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new OptionError(`the options of the type ${JSON.stringify(type)}`, options, "a map");
  }
  return value as { readonly [option: string]: unknown };
}
