// Finds the built test files the runner has to run.
// Never return a file whose source is gone: it would test code that no longer exists.

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

/**
 * Returns the `*.test.js` files at and under `roots` (files or folders), sorted, that contain one of the
 * `patterns` in their path; all when there are none. Paths are absolute.
 * @throws Error when a root does not exist, or a root or a pattern gives no file.
 */
export function findTestFiles(roots: readonly string[], patterns: readonly string[] = []): string[] {
  const files = new Set<string>();
  for (const root of roots) {
    const found = listTestFiles(resolve(root));
    if (found.length === 0) throw new Error(`no test file in ${root}`);
    for (const file of found) files.add(file);
  }
  const all = [...files].sort();
  for (const pattern of patterns) {
    if (!all.some((file) => file.includes(pattern))) throw new Error(`no test file matches "${pattern}"`);
  }
  return patterns.length === 0
    ? all
    : all.filter((file) => patterns.some((pattern) => file.includes(pattern)));
}

/**
 * Deletes built tests (and what the compiler put beside them) under `distTest` whose `.ts` under `sources` is
 * gone; returns the deleted files' paths relative to `distTest`.
 */
export function removeStaleTests(distTest: string, sources: string): string[] {
  if (!existsSync(distTest)) return [];
  const stale = listTestFiles(distTest)
    .map((file) => relative(distTest, file))
    .filter((file) => !existsSync(join(sources, file.replace(/\.js$/, ".ts"))));
  for (const file of stale) {
    const base = join(distTest, file.replace(/\.js$/, ""));
    for (const ending of [".js", ".js.map", ".d.ts", ".d.ts.map"]) rmSync(base + ending, { force: true });
  }
  return stale;
}

function listTestFiles(root: string): string[] {
  if (!statSync(root).isDirectory()) return [root];
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.test\.m?js$/.test(name) && !name.split(sep).includes("node_modules"))
    .map((name) => join(root, name));
}
