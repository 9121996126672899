// `npm run docs [-- FOLDER]`: compiles and runs the code blocks of README.md and docs/*.md, and checks links and
// npm commands in them. A ts block marked "no-run" is compiled only. Needs the built packages.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { anchorsOf, fencedBlocks, linksOf, npmScriptsOf } from "./document-parts.js";

const root = join(import.meta.dirname, "..");
const documentsRoot = resolve(process.argv[2] ?? root);
// Within a package that depends on all public packages, so that they resolve; one folder for each run.
const snippetsFolder = join(root, "bench", ".snippets", String(process.pid));
const deadlineMs = 20_000;
const problems = [];
let checks = 0;

const files = listDocuments();
if (files.length === 0) problems.push(`${documentsRoot}: no README.md and no docs/*.md`);
const snippets = files.flatMap(takeSnippets);
for (const file of files) {
  checkLinks(file);
  checkCommands(file);
}
try {
  const compiled = compileSnippets();
  for (const snippet of compiled) await runSnippet(snippet);
} finally {
  rmSync(snippetsFolder, { recursive: true, force: true });
}
for (const problem of problems) process.stdout.write(`FAIL ${problem}\n`);
const counted = `${files.length} documents, ${snippets.length} snippets, ${checks} links and commands`;
process.stdout.write(`docs: ${counted}, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function listDocuments() {
  const docs = join(documentsRoot, "docs");
  const names = existsSync(docs) ? readdirSync(docs).filter((name) => name.endsWith(".md")) : [];
  const paths = ["README.md", ...names.sort().map((name) => `docs/${name}`)];
  const present = paths.filter((path) => existsSync(join(documentsRoot, path)));
  return present.map((path) => {
    const text = readFileSync(join(documentsRoot, path), "utf8");
    return { path, text, blocks: blocksOf(path, text) };
  });
}

function blocksOf(path, text) {
  try {
    return fencedBlocks(text);
  } catch (error) {
    problems.push(`${path}: ${error.message}`);
    return [];
  }
}

function takeSnippets(file) {
  const blocks = file.blocks.filter(({ language }) => /^(ts|js|typescript|javascript)$/.test(language));
  return blocks.map((block) => ({
    ...block,
    file,
    isTypeScript: block.language.startsWith("t"),
    runs: !block.words.includes("no-run"),
    name: `${basename(file.path, ".md").toLowerCase()}-line-${block.line}`,
  }));
}

// Empty lines before the code make the compiler's and Node's line numbers those of the document.
function compileSnippets() {
  if (snippets.length === 0) return [];
  mkdirSync(snippetsFolder, { recursive: true });
  for (const { name, isTypeScript, line, text } of snippets) {
    const ending = isTypeScript ? "ts" : "js";
    writeFileSync(join(snippetsFolder, `${name}.${ending}`), `${"\n".repeat(line - 1)}${text}\nexport {};\n`);
  }
  const sources = snippets.filter(({ isTypeScript }) => isTypeScript);
  if (sources.length === 0) return snippets;
  const compilerOptions = {
    composite: false,
    declaration: false,
    types: ["node"],
    rootDir: ".",
    outDir: ".",
  };
  const configuration = {
    extends: "../../../tsconfig.base.json",
    compilerOptions,
    files: sources.map(({ name }) => `${name}.ts`),
  };
  writeFileSync(join(snippetsFolder, "tsconfig.json"), JSON.stringify(configuration));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", ".", "--pretty", "false"], {
    cwd: snippetsFolder,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status === 0) return snippets;
  const lines = stdout.split("\n").filter((line) => line.includes("error TS"));
  for (const line of lines) problems.push(`does not compile: ${line}`);
  if (lines.length === 0) problems.push(`the compiler failed: ${stdout}`);
  return snippets.filter(({ name }) => !lines.some((line) => line.includes(`${name}.ts`)));
}

async function runSnippet({ file, line, name, runs }) {
  const mode = runs ? ["--enable-source-maps"] : ["--check"];
  const child = spawn(process.execPath, [...mode, `${name}.js`], {
    cwd: snippetsFolder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const limit = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
  const ended = await new Promise((done) => {
    child.on("exit", (code, signal) => done({ code, signal }));
  });
  clearTimeout(limit);
  if (ended.code === 0) return;
  const how =
    ended.signal === null ? `exit code ${ended.code}` : `ended by ${ended.signal} (limit ${deadlineMs} ms)`;
  problems.push(`${file.path}:${line}: the snippet failed, ${how}\n${output.trimEnd()}`);
}

function checkLinks(file) {
  for (const { target, line } of linksOf(file.text)) {
    checks += 1;
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const [path, anchor] = decodeURI(target).split("#");
    const linked =
      path === "" ? join(documentsRoot, file.path) : join(documentsRoot, dirname(file.path), path);
    const place = `${file.path}:${line}: the link ${target}`;
    if (!existsSync(linked)) problems.push(`${place} leads nowhere`);
    else if (anchor && linked.endsWith(".md") && !anchorsOf(readFileSync(linked, "utf8")).has(anchor)) {
      problems.push(`${place} names a heading that does not exist`);
    }
  }
}

function checkCommands(file) {
  const { scripts = {} } = JSON.parse(readFileSync(join(documentsRoot, "package.json"), "utf8"));
  const shells = file.blocks.filter(({ language }) => /^(sh|bash|shell|console)$/.test(language));
  for (const { text, line } of shells) {
    for (const name of npmScriptsOf(text)) {
      checks += 1;
      if (!(name in scripts)) problems.push(`${file.path}:${line}: there is no npm script "${name}"`);
    }
  }
}
