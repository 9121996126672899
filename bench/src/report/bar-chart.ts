// Horizontal bars as SVG, by hand: one panel for each group, an axis with ticks and a unit under each. Readable on light
// and on dark ground. Must be well-formed whatever a name or title holds.
import { type Scale, scaleOf } from "./scale.js";

/** One bar; without a value its reason stands in its place. */
export interface Bar {
  readonly label: string;
  /** Decides the colour: the same number means the same system in all panels. */
  readonly color: number;
  readonly value: number | undefined;
  /** The value as text. */
  readonly text: string;
  /** From the least to the most of all rounds, drawn as a thin line. */
  readonly least?: number;
  readonly most?: number;
}

/** Bars with one axis. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

/** A picture with panels below each other. */
export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly Panel[];
}

const WIDTH = 800;
const MARGIN = 16;
const PLOT_LEFT = 150;
/** Room to the right of the longest bar for its text. */
const PLOT_RIGHT = WIDTH - 110;
const BAR = 16;
const BAR_STEP = 22;
const HEAD = 62;
const PANEL_HEAD = 26;
const AXIS = 42;

/** Of the wire limit first, then of Chorus, then of all others. Mid tones: they stand out from white and from black. */
const COLORS = ["#8b949e", "#2f81f7", "#79b8ff", "#d9822b", "#c2567a", "#8e6fd1", "#2ea57c", "#b5a03c"];

const STYLE = `
    text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; font-size: 12px; }
    .ground { fill: #ffffff; } .grid { stroke: #d0d7de; } .spread { stroke: #1f2328; } .muted { fill: #59636e; }
    .title { font-size: 16px; font-weight: 600; } .panel { font-size: 13px; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .ground { fill: #0d1117; } .grid { stroke: #30363d; } .spread { stroke: #e6edf3; }
      .muted { fill: #9198a1; }
    }
  `;

/** The whole picture. */
export function barChart({ title, subtitle, panels }: BarChart): string {
  const parts: string[] = [];
  let top = HEAD;
  for (const panel of panels) {
    parts.push(panelSvg(panel, top));
    top += panelHeight(panel);
  }
  const height = top + MARGIN;
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

function panelHeight({ bars }: Panel): number {
  return PANEL_HEAD + bars.length * BAR_STEP + AXIS;
}

function panelSvg({ title, unit, bars }: Panel, top: number): string {
  const values = bars.flatMap(({ value, most }) => (value === undefined ? [] : [value, most ?? value]));
  const scale = scaleOf(values);
  const first = top + PANEL_HEAD;
  const bottom = first + bars.length * BAR_STEP;
  return [
    text({ x: MARGIN, y: top + 16, content: title, kind: "panel" }),
    axisSvg(scale, { top: first, bottom, unit }),
    ...bars.map((bar, index) => barSvg(bar, scale, first + index * BAR_STEP)),
  ].join("\n");
}

function axisSvg(scale: Scale, { top, bottom, unit }: { top: number; bottom: number; unit: string }): string {
  const ticks = scale.ticks.map((tick) => {
    const x = rounded(xOf(scale, tick));
    return [
      `  <line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom + 4}"/>`,
      text({ x, y: bottom + 17, content: tickText(tick), kind: "muted", anchor: "middle" }),
    ].join("\n");
  });
  const content = scale.logarithmic ? `${unit}, logarithmic` : unit;
  const middle = (PLOT_LEFT + PLOT_RIGHT) / 2;
  return [...ticks, text({ x: middle, y: bottom + 32, content, kind: "muted", anchor: "middle" })].join("\n");
}

function barSvg(bar: Bar, scale: Scale, top: number): string {
  const { label, color, value, least, most } = bar;
  const y = top + (BAR_STEP - BAR) / 2;
  const middle = top + BAR_STEP / 2;
  const baseline = middle + 4;
  const name = text({ x: PLOT_LEFT - 8, y: baseline, content: label, anchor: "end" });
  if (value === undefined) {
    return [name, text({ x: PLOT_LEFT + 6, y: baseline, content: bar.text, kind: "muted" })].join("\n");
  }
  const width = Math.max(1, xOf(scale, value) - PLOT_LEFT);
  const end = Math.max(PLOT_LEFT + width, xOf(scale, most ?? value));
  const spread =
    least === undefined || most === undefined || least === most
      ? []
      : [
          `  <line class="spread" x1="${rounded(xOf(scale, least))}" x2="${rounded(xOf(scale, most))}" y1="${middle}" y2="${middle}"/>`,
        ];
  return [
    name,
    `  <rect x="${PLOT_LEFT}" y="${y}" width="${rounded(width)}" height="${BAR}" rx="2" fill="${COLORS[color % COLORS.length]}"/>`,
    ...spread,
    text({ x: end + 6, y: baseline, content: bar.text }),
  ].join("\n");
}

interface TextPart {
  readonly x: number;
  readonly y: number;
  readonly content: string;
  readonly kind?: "title" | "panel" | "muted";
  readonly anchor?: "middle" | "end";
}

function text({ x, y, content, kind, anchor }: TextPart): string {
  const kindAttribute = kind === undefined ? "" : ` class="${kind}"`;
  const anchorAttribute = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `  <text x="${rounded(x)}" y="${rounded(y)}"${kindAttribute}${anchorAttribute}>${escaped(content)}</text>`;
}

function xOf(scale: Scale, value: number): number {
  return PLOT_LEFT + scale.position(value) * (PLOT_RIGHT - PLOT_LEFT);
}

function tickText(tick: number): string {
  if (tick >= 1_000) return tick.toLocaleString("en-US");
  return `${Number(tick.toPrecision(3))}`;
}

function rounded(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}

function escaped(content: string): string {
  return content.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
