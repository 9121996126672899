// Checks a workspace folder against boundary-rules.js and returns what is wrong; never prints and never writes.
// It reads import statements with a small scanner that skips comments: no parser is installed for it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize, relative, sep } from "node:path";
import {
  allowedImports,
  coreLayers,
  internalUsers,
  maximumLines,
  openafUsers,
  openafWords,
  silentPackages,
  soleImporters,
  testImports,
} from "./boundary-rules.js";

const skippedFolders = new Set(["node_modules", "dist", "fixtures", ".snippets"]);

/** Returns one line per violation ("file: what"), sorted; [] for a workspace in order. */
export function checkWorkspace(root) {
  const files = listPackages(root).flatMap((folder) => listFiles(root, folder));
  const problems = files.flatMap((file) => checkFile(root, file));
  for (const folder of listPackages(root)) {
    problems.push(...checkCycles(files.filter((file) => file.folder === folder && file.area === "src")));
  }
  return problems.sort();
}

function listPackages(root) {
  const packages = existsSync(join(root, "packages")) ? readdirSync(join(root, "packages")) : [];
  const folders = packages.map((name) => `packages/${name}`);
  if (existsSync(join(root, "bench"))) folders.push("bench");
  return folders.filter((folder) => existsSync(join(root, folder, "package.json")));
}

function listFiles(root, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const paths = walk(join(root, folder)).filter((path) => /\.(m?[jt]s|tsx)$/.test(path));
  return paths.map((path) => {
    const text = readFileSync(path, "utf8");
    const inside = relative(join(root, folder), path).split(sep).join("/");
    return {
      path: `${folder}/${inside}`,
      folder,
      packageName: folder.split("/").at(-1),
      manifest,
      area: inside.split("/")[0],
      name: inside.split("/").slice(1).join("/"),
      text,
      code: blank(text, false),
      imports: findImports(blank(text, true)),
    };
  });
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : walk(join(folder, entry.name));
    return [join(folder, entry.name)];
  });
}

/** Blanks comments and strings, keeping the lines; with `keepSpecifiers` not the strings that name a module. */
function blank(text, keepSpecifiers) {
  const pattern = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(pattern, (part, offset) => {
    const before = text.slice(Math.max(0, offset - 40), offset);
    const isSpecifier =
      /^["']/.test(part) && /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*$/.test(before);
    return keepSpecifiers && isSpecifier ? part : part.replace(/[^\n]/g, " ");
  });
}

/** All module specifiers: static, dynamic and type imports, re-exports, and `require`. */
function findImports(code) {
  const pattern =
    /(?:^|[;}\s])(?:import|export)\s+(?:[\w*{}\s,$]+?\s+from\s*)?["']([^"'\n]+)["']|\b(?:import|require)\s*\(\s*["']([^"'\n]+)["']/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2]);
}

/** The package a specifier names: "lib0/decoding" is lib0, "@chorus/core/internal" is @chorus/core. */
function packageOf(specifier) {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

function checkFile(root, file) {
  const problems = file.imports.flatMap((specifier) =>
    specifier.startsWith(".") ? checkRelative(root, file, specifier) : checkPackage(file, specifier),
  );
  const lines = file.text.split("\n").length - 1;
  const most = file.area === "test" ? maximumLines.test : maximumLines.src;
  if (lines > most) problems.push(`has ${lines} lines, more than ${most}`);
  if (file.area === "src") problems.push(...checkWords(file));
  return [...new Set(problems)].map((problem) => `${file.path}: ${problem}`);
}

function checkWords({ packageName, code }) {
  const problems = [];
  if (silentPackages.includes(packageName) && /\bconsole\s*[.[]/.test(code))
    problems.push("prints with console");
  if (openafUsers.includes(packageName)) return problems;
  for (const word of openafWords) {
    if (new RegExp(`\\b${word}\\b`).test(code)) problems.push(`uses OpenAF's word "${word}" outside ch`);
  }
  return problems;
}

function checkRelative(root, file, specifier) {
  const target = normalize(join(dirname(file.path), specifier))
    .split(sep)
    .join("/");
  const reaches = `"${specifier}" reaches`;
  if (!target.startsWith(`${file.folder}/`)) return [`${reaches} outside its package`];
  const area = target.slice(file.folder.length + 1).split("/")[0];
  if (file.area === "src" && area !== "src") return [`${reaches} outside src`];
  if (!existsSync(join(root, sourceOf(target))) && !existsSync(join(root, target))) {
    return [`${reaches} a file that does not exist`];
  }
  if (file.packageName === "core" && file.area === "src") return checkLayer(file, target.split("/src/")[1]);
  return [];
}

function sourceOf(path) {
  return path.replace(/\.js$/, ".ts");
}

function layerOf(name) {
  return coreLayers.findIndex((layer) =>
    layer.some((entry) => name === entry || (/[/-]$/.test(entry) && name.startsWith(entry))),
  );
}

function checkLayer(file, target) {
  const name = sourceOf(target);
  if (layerOf(file.name) === -1) return ["is in no layer of scripts/boundary-rules.js"];
  if (layerOf(name) <= layerOf(file.name)) return [];
  return [`imports ${name}, which is in a higher layer`];
}

function checkPackage(file, specifier) {
  const name = packageOf(specifier);
  const isNode = specifier.startsWith("node:");
  const problems = [];
  if (!isNode && builtinModules.includes(name)) problems.push(`imports "${specifier}" without node:`);
  const isOwn = name === file.manifest.name;
  const allowed = allowedImports[file.packageName] ?? [];
  const inSource = file.area === "src" && file.packageName !== "bench";
  const permitted = inSource ? allowed : [...allowed, ...testImports];
  if (!permitted.includes(isNode ? "node:*" : name) && !(isOwn && !inSource)) {
    problems.push(`must not import "${specifier}"`);
  }
  if (specifier.startsWith("@chorus/core/") && inSource && !internalUsers.includes(file.packageName)) {
    problems.push(`must not import "${specifier}", only the public surface`);
  }
  if (!isNode && !isOwn) problems.push(...checkManifest(file, name, inSource));
  const sole = soleImporters[name];
  if (file.packageName === "core" && file.area === "src" && sole !== undefined) {
    if (!sole.includes(file.name)) problems.push(`imports ${name}, which only ${sole.join(", ")} may`);
  }
  return problems;
}

function checkManifest({ manifest }, name, inSource) {
  const sections = [manifest.dependencies, manifest.peerDependencies];
  if (!inSource) sections.push(manifest.devDependencies);
  if (sections.some((section) => section !== undefined && name in section)) return [];
  return [`imports ${name}, which its package.json does not name${inSource ? " as a dependency" : ""}`];
}

/** Finds import cycles between the files of one package, types included: the shortest of each knot of files. */
function checkCycles(files) {
  const targets = new Map(files.map((file) => [file.path, relativeTargets(file)]));
  const cycles = [...targets.keys()].map((path) => shortestCycle(path, targets)).filter(Boolean);
  const reported = new Set();
  const problems = [];
  for (const cycle of cycles.sort((a, b) => a.length - b.length || (a[0] < b[0] ? -1 : 1))) {
    if (reported.has(cycle[0])) continue;
    for (const path of targets.keys()) {
      if (reaches(path, cycle[0], targets) && reaches(cycle[0], path, targets)) reported.add(path);
    }
    problems.push(`${cycle[0]}: import cycle ${cycle.join(" > ")}`);
  }
  return problems;
}

function reaches(from, to, targets) {
  const found = new Set([from]);
  for (const path of found) for (const target of targets.get(path) ?? []) found.add(target);
  return found.has(to);
}

function relativeTargets(file) {
  const relatives = file.imports.filter((specifier) => specifier.startsWith("."));
  return relatives.map((specifier) => {
    const path = normalize(join(dirname(file.path), sourceOf(specifier)));
    return path.split(sep).join("/");
  });
}

function shortestCycle(start, targets) {
  const trails = [[start]];
  const seen = new Set();
  for (const trail of trails) {
    for (const target of targets.get(trail.at(-1)) ?? []) {
      if (target === start) return [...trail, start];
      if (!seen.has(target)) trails.push([...trail, target]);
      seen.add(target);
    }
  }
  return undefined;
}
