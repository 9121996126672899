// `npm run boundaries [-- FOLDER]`: prints every violation of the import table and fails when there is one.

import { join } from "node:path";
import { checkWorkspace } from "./boundaries.js";

const problems = checkWorkspace(process.argv[2] ?? join(import.meta.dirname, ".."));
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`boundaries: ${problems.length} violations\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
