// What the tests of the store share: folders that go when the test ends, chance from a printed seed, small filesystems.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "@chorus/testing";

/** A filesystem in memory where there is one: for tests that open thousands of stores, and wait for fsync in each. */
export const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A new folder below that one, by default the system's for temporary files; removed with all that is in it. */
export function makeFolder(t: { after(cleanup: () => void): void }, parent = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(parent, "chorus-store-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Whole numbers below a bound, always the same for a seed. */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Bytes that cannot be guessed from one another. */
export function randomBytes(random: (below: number) => number, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random(256)));
}

/** A filesystem of its own in memory, unmounted after the test. */
export interface SmallDisk {
  readonly path: string;
  /** Mounts it anew with other options, such as "ro". */
  remount(options: string): void;
}

/** Why `mountDisk` does not work here; undefined when it does. */
export function whyNoDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "chorus-mount-"));
  try {
    if (process.platform !== "linux") return "small filesystems are made on Linux only";
    mount(["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
    execFileSync("umount", [folder], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `this process may not mount a filesystem: ${(error as Error).message.split("\n")[0]}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Mounts a filesystem in memory with these options, such as "size=2m". */
export function mountDisk(t: TestContext, options: string): SmallDisk {
  const path = join(makeFolder(t), "disk");
  mkdirSync(path);
  mount(["-t", "tmpfs", "-o", options, "tmpfs", path]);
  // Lazily, so that a file that a failed test left open does not keep it for ever.
  t.after(() => execFileSync("umount", ["-l", path], { stdio: "pipe" }));
  return { path, remount: (changed) => mount(["-o", `remount,${changed}`, path]) };
}

/** Gives a folder another path, until the test ends. */
export function bindMount(t: TestContext, folder: string, path: string): void {
  mount(["--bind", folder, path]);
  t.after(() => execFileSync("umount", ["-l", path], { stdio: "pipe" }));
}

function mount(parameters: string[]): void {
  execFileSync("mount", parameters, { stdio: "pipe" });
}
