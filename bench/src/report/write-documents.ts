// Writes docs/benchmarks: the document, the charts, and the results as JSON. Must leave no chart
// of an earlier run, and keep those of bench:growth.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { charts } from "./charts.js";
import { markdown } from "./markdown.js";
import type { Results } from "./results.js";

/** Replaces what is in the folder. */
export async function writeDocuments(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.endsWith(".svg") && !name.startsWith("growth-")) await rm(join(folder, name));
  }
  const pictures = charts(results);
  const document = markdown(results, new Set(pictures.keys()));
  await writeFile(join(folder, "README.md"), document);
  await writeFile(join(folder, "results.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  for (const [name, picture] of pictures) await writeFile(join(folder, name), picture);
}
