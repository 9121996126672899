// Checks of option values. Every option is checked before anything is opened; an unknown name is refused too,
// since a misspelt `authenticate` would otherwise leave a path open to everybody.
import { OptionError } from "@chorus/core";
import { MAX_DELAY_MS } from "@chorus/core/internal";

/** Refuses anything but a plain options object with known names. */
export function checkNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new OptionError(what, options, "an object");
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const value = (options as Record<string, unknown>)[name];
    throw new OptionError(name, value, `left out (known options: ${known.join(", ")})`);
  }
}

/** A whole number from `least` to `most`. */
export function checkCount(option: string, value: unknown, range: { least: number; most: number }): number {
  const { least, most } = range;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(option, value, `a whole number from ${least} to ${most}`);
}

/** A number of milliseconds, from 1 to what a timer can hold. */
export function checkDelayMs(option: string, value: unknown): number {
  return checkCount(option, value, { least: 1, most: MAX_DELAY_MS });
}

/** A bound in bytes for one frame. */
export function checkFrameBytes(value: unknown): number {
  return checkCount("maxFrameBytes", value, { least: 1024, most: 2 ** 30 });
}

/** A function or nothing. */
export function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw new OptionError(option, value, "a function");
}

/** A text that is not empty, or nothing. */
export function checkText(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "string" && value !== "")) return;
  throw new OptionError(option, value, "a text that is not empty");
}

/** Web origins as browsers send them, such as "https://app.example:8443", in lower case. */
export function checkOrigins(option: string, value: unknown): ReadonlySet<string> {
  if (value === undefined) return new Set();
  if (!Array.isArray(value)) throw new OptionError(option, value, "an array of origins");
  return new Set(value.map((origin) => checkOrigin(option, origin)));
}

function checkOrigin(option: string, origin: unknown): string {
  if (typeof origin === "string" && URL.canParse(origin)) {
    const normal = new URL(origin).origin;
    if (normal !== "null" && normal === origin.toLowerCase()) return normal;
  }
  throw new OptionError(option, origin, 'origins such as "https://app.example", without a path');
}
