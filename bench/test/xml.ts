// A check that a text is well-formed XML, as far as a chart can get it wrong: tags that match, quoted attributes, no
// stray markup. Must never pass a text that a browser would refuse.

const PATTERN = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;

/** What is wrong with it; undefined when nothing is. */
export function xmlProblem(text: string): string | undefined {
  const open: string[] = [];
  let roots = 0;
  for (const [whole, closing, name = "", , selfClosing, content, stray] of text.matchAll(PATTERN)) {
    if (stray !== undefined) return "a stray <";
    if (content !== undefined) {
      if (/&(?!(?:#\d+|amp|lt|gt|quot|apos);)/.test(content)) return `a stray & in ${content}`;
      if (open.length === 0 && content.trim() !== "") return `text outside: ${content}`;
    } else if (closing === "/") {
      if (open.pop() !== name) return `${whole} closes nothing`;
    } else {
      if (open.length === 0 && ++roots > 1) return "two roots";
      if (selfClosing !== "/") open.push(name);
    }
  }
  if (open.length > 0) return `not closed: ${open.join(", ")}`;
  return roots === 1 ? undefined : "no element";
}
