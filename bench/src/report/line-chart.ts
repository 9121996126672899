// Lines over logarithmic axes as SVG, by hand: how something grows with something else. On such axes a straight line is a
// power; level is "does not grow". Must be well-formed whatever a name holds.
import { logScaleOf } from "./log-scale.js";
import type { Scale } from "./scale.js";
import { COLORS, HEAD, MARGIN, picture, rounded, text, tickText, WIDTH } from "./svg.js";

/** One line; a point without a value is left out. */
export interface Line {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
  /** Digits after the point in the text beside each value. */
  readonly digits: number;
}

/** Lines with common axes. */
export interface LinePanel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** A picture with panels below each other, all over the same points. */
export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  /** What is counted along the axis. */
  readonly axis: string;
  readonly points: readonly number[];
  readonly panels: readonly LinePanel[];
}

const PLOT_LEFT = 80;
/** Room to the right for the names of the lines. */
const PLOT_RIGHT = WIDTH - 220;
const PLOT_HEIGHT = 170;
const PANEL_HEAD = 30;
const PANEL_FOOT = 56;
/** The first is the grey of the wire limit. */
const FIRST_COLOR = 1;
const LABEL_STEP = 16;

interface Frame {
  readonly x: (point: number) => number;
  readonly y: (value: number) => number;
  readonly bottom: number;
}

/** The whole picture. Panels without any value are left out. */
export function lineChart(chart: LineChart): string {
  const panels = chart.panels.filter(({ lines }) => valuesOf(lines).length > 0);
  const height = PANEL_HEAD + PLOT_HEIGHT + PANEL_FOOT;
  const parts = panels.map((panel, index) => panelSvg(chart, panel, HEAD + index * height));
  return picture(chart, parts, HEAD + panels.length * height);
}

function panelSvg({ points, axis }: LineChart, { title, unit, lines }: LinePanel, top: number): string {
  const [across, up] = [logScaleOf(points), logScaleOf(valuesOf(lines))];
  const bottom = top + PANEL_HEAD + PLOT_HEIGHT;
  const frame: Frame = {
    x: (point) => PLOT_LEFT + across.position(point) * (PLOT_RIGHT - PLOT_LEFT),
    y: (value) => bottom - up.position(value) * PLOT_HEIGHT,
    bottom,
  };
  const middle = (PLOT_LEFT + PLOT_RIGHT) / 2;
  return [
    text({ x: MARGIN, y: top + 16, content: `${title}, ${unit}`, kind: "panel" }),
    gridSvg(frame, points, up),
    ...lines.map((_, index) => lineSvg(lines, points, { ...frame, index })),
    text({ x: middle, y: bottom + 34, content: axis, kind: "muted", anchor: "middle" }),
  ].join("\n");
}

/** A vertical line at each point, a horizontal one at each tick. */
function gridSvg({ x, y, bottom }: Frame, points: readonly number[], up: Scale): string {
  const vertical = points.flatMap((point) => [
    `  <line class="grid" x1="${rounded(x(point))}" x2="${rounded(x(point))}" y1="${bottom - PLOT_HEIGHT}" y2="${bottom + 4}"/>`,
    text({ x: x(point), y: bottom + 17, content: tickText(point), kind: "muted", anchor: "middle" }),
  ]);
  const horizontal = up.ticks.flatMap((tick) => [
    `  <line class="grid" x1="${PLOT_LEFT}" x2="${PLOT_RIGHT}" y1="${rounded(y(tick))}" y2="${rounded(y(tick))}"/>`,
    text({ x: PLOT_LEFT - 8, y: y(tick) + 4, content: tickText(tick), kind: "muted", anchor: "end" }),
  ]);
  return [...vertical, ...horizontal].join("\n");
}

function lineSvg(
  lines: readonly Line[],
  points: readonly number[],
  { x, y, bottom, index }: Frame & { index: number },
): string {
  const { label, values, digits } = lines[index] as Line;
  const color = COLORS[(FIRST_COLOR + index * 2) % COLORS.length];
  const places = points.flatMap((point, at) => {
    const value = values[at];
    return value === undefined ? [] : [{ x: rounded(x(point)), y: rounded(y(value)), value, at }];
  });
  const path = places.map((place) => `${place.x},${place.y}`).join(" ");
  // Above the highest line, and below the others.
  const aside = (at: number): number => (lines.some((line) => isAbove(line, values, at)) ? 17 : -8);
  const labelY = bottom - PLOT_HEIGHT + 12 + index * LABEL_STEP;
  return [
    `  <polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
    ...places.flatMap((place) => [
      `  <circle cx="${place.x}" cy="${place.y}" r="3.5" fill="${color}"/>`,
      text({
        x: place.x,
        y: place.y + aside(place.at),
        content: place.value.toFixed(digits),
        anchor: "middle",
      }),
    ]),
    `  <circle cx="${PLOT_RIGHT + 22}" cy="${labelY - 4}" r="4" fill="${color}"/>`,
    text({ x: PLOT_RIGHT + 32, y: labelY, content: label }),
  ].join("\n");
}

function isAbove(line: Line, values: Line["values"], at: number): boolean {
  return (line.values[at] ?? 0) > (values[at] ?? 0);
}

function valuesOf(lines: readonly Line[]): number[] {
  return lines.flatMap(({ values }) => values.filter((value) => value !== undefined));
}
