// Takes Markdown apart for check-docs.js: fenced blocks, links and the anchors of headings. Pure functions.

/** Fenced blocks: language, the words after it, the text, and the line (from 1) of the first line of the text. */
export function fencedBlocks(markdown) {
  const blocks = [];
  let open;
  markdown.split("\n").forEach((line, index) => {
    const fence = /^\s*(`{3,}|~{3,})(.*)$/.exec(line);
    if (open === undefined && fence !== null) {
      const [language = "", ...words] = fence[2].trim().split(/\s+/);
      open = { marker: fence[1], language, words, line: index + 2, lines: [] };
    } else if (open !== undefined && fence?.[1].startsWith(open.marker) && fence[2].trim() === "") {
      const { marker: _, lines, ...rest } = open;
      blocks.push({ ...rest, text: lines.join("\n") });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
  });
  if (open !== undefined) throw new Error(`line ${open.line - 1}: the fence is never closed`);
  return blocks;
}

/** The text without fenced blocks and inline code, line numbers kept. */
export function proseOf(markdown) {
  let inside = false;
  const lines = markdown.split("\n").map((line) => {
    if (/^\s*(`{3,}|~{3,})/.test(line)) {
      inside = !inside;
      return "";
    }
    return inside ? "" : line.replace(/`[^`]*`/g, (code) => " ".repeat(code.length));
  });
  return lines.join("\n");
}

/** Targets of links and images in the text, with their line: `[text](target "title")` and `[name]: target`. */
export function linksOf(markdown) {
  const pattern = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)/gm;
  const prose = proseOf(markdown);
  return [...prose.matchAll(pattern)].map((match) => ({
    target: match[1] ?? match[2],
    line: prose.slice(0, match.index + match[0].length).split("\n").length,
  }));
}

/** The anchors that headings get on the usual hosts. */
export function anchorsOf(markdown) {
  const anchors = new Set();
  let fence = false;
  for (const line of markdown.split("\n")) {
    if (/^\s*(`{3,}|~{3,})/.test(line)) fence = !fence;
    const heading = fence ? null : /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (heading === null) continue;
    const words = heading[1].replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Names of the npm scripts a shell block calls. */
export function npmScriptsOf(shell) {
  const pattern = /\bnpm\s+(?:(?:run|run-script)\s+(?:-\S+\s+)*([\w:.-]+)|(test|start)\b)/g;
  const lines = shell.split("\n").map((line) => line.replace(/(^|\s)#.*$/, ""));
  return [...lines.join("\n").matchAll(pattern)].map((match) => match[1] ?? match[2]);
}
