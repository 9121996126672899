// Horizontal bars as SVG, by hand: one panel for each group, an axis with ticks and a unit under each. Must never leave
// out a bar without its reason.
import { type Scale, scaleOf } from "./scale.js";
import { COLORS, HEAD, MARGIN, picture, rounded, text, tickText, WIDTH } from "./svg.js";

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

const PLOT_LEFT = 150;
/** Room to the right of the longest bar for its text. */
const PLOT_RIGHT = WIDTH - 110;
const BAR = 16;
const BAR_STEP = 22;
const PANEL_HEAD = 26;
const AXIS = 42;

/** The whole picture. */
export function barChart({ title, subtitle, panels }: BarChart): string {
  const parts: string[] = [];
  let top = HEAD;
  for (const panel of panels) {
    parts.push(panelSvg(panel, top));
    top += panelHeight(panel);
  }
  return picture({ title, subtitle }, parts, top);
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

function xOf(scale: Scale, value: number): number {
  return PLOT_LEFT + scale.position(value) * (PLOT_RIGHT - PLOT_LEFT);
}
