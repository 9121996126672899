// How a benchmark script ends: 0 when contents were equal, 1 otherwise, whatever else happened. Must never judge a time.

/** Thrown when replicas, which ought to be equal, are not. */
export class ContentsDiffer extends Error {}

/** @throws ContentsDiffer unless all hashes are the same */
export function assertSame(what: string, hashes: readonly string[]): void {
  if (new Set(hashes).size > 1) throw new ContentsDiffer(`${what}: contents differ: ${hashes.join(" ")}`);
}

/** Prints text, as the only way out of a benchmark. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Runs the script; a failure is printed and ends the process with 1. */
export async function run(script: () => Promise<void>): Promise<void> {
  try {
    await script();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** A positive whole number given as an argument, or its default. @throws Error naming the argument */
export function countArgument(name: string, text: string | undefined, fallback: number): number {
  const count = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`${name} must be a whole number above 0: ${text}`);
  return count;
}
