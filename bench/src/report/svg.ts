// What all charts here are made of: a frame with title and ground, texts, colours. Readable on light and on dark ground.
// Must be well-formed whatever a name or title holds.

/** Of every chart, in pixels. */
export const WIDTH = 800;
/** Around everything. */
export const MARGIN = 16;
/** Above the first panel. */
export const HEAD = 62;

/** Of the wire limit first, then of Chorus, then of all others. Mid tones: they stand out from white and from black. */
export const COLORS = [
  "#8b949e",
  "#2f81f7",
  "#79b8ff",
  "#d9822b",
  "#c2567a",
  "#8e6fd1",
  "#2ea57c",
  "#b5a03c",
];

const STYLE = `
    text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; font-size: 12px; }
    .ground { fill: #ffffff; } .grid { stroke: #d0d7de; } .spread { stroke: #1f2328; } .muted { fill: #59636e; }
    .title { font-size: 16px; font-weight: 600; } .panel { font-size: 13px; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .ground { fill: #0d1117; } .grid { stroke: #30363d; } .spread { stroke: #e6edf3; }
      .muted { fill: #9198a1; }
    }
  `;

/** A picture: title, subtitle, and the parts below, which end at `bottom`. */
export function picture(
  { title, subtitle }: { title: string; subtitle: string },
  parts: readonly string[],
  bottom: number,
): string {
  const height = bottom + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `  <title>${escaped(title)}</title>`,
    `  <style>${STYLE}</style>`,
    `  <rect class="ground" width="${WIDTH}" height="${height}"/>`,
    text({ x: MARGIN, y: 28, content: title, kind: "title" }),
    text({ x: MARGIN, y: 47, content: subtitle, kind: "muted" }),
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** A text and where it stands. */
export interface TextPart {
  readonly x: number;
  readonly y: number;
  readonly content: string;
  readonly kind?: "title" | "panel" | "muted";
  readonly anchor?: "middle" | "end";
}

/** One line of text. */
export function text({ x, y, content, kind, anchor }: TextPart): string {
  const kindAttribute = kind === undefined ? "" : ` class="${kind}"`;
  const anchorAttribute = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `  <text x="${rounded(x)}" y="${rounded(y)}"${kindAttribute}${anchorAttribute}>${escaped(content)}</text>`;
}

/** The text beside a tick. */
export function tickText(tick: number): string {
  if (tick >= 1_000) return tick.toLocaleString("en-US");
  return `${Number(tick.toPrecision(3))}`;
}

/** Enough digits for a picture. */
export function rounded(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}

function escaped(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
