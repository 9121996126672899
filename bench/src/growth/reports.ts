// Growth as text for the terminal, as a document and as charts in docs/benchmarks. Must never touch what `npm run bench`
// writes there.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lineChart } from "../report/line-chart.js";
import { NO_FIGURE } from "../report/text.js";
import { table } from "../table.js";
import type { GrowthResults, SeriesResult } from "./results.js";

/** One series as plain text. */
export function growthText(series: SeriesResult): string {
  return `${series.title} (${series.id}): ${series.description}\n${table(growthRows(series))}`;
}

/** Head and rows: a row for each metric, a column for each point. */
function growthRows({ axis, points, metrics, figures }: SeriesResult): string[][] {
  const head = [axis, ...points.map((point) => point.toLocaleString("en-US"))];
  const rows = metrics.map(({ id, panel, title, unit, digits = 1 }) => [
    `${panel}: ${title}, ${unit}`,
    ...points.map((_, at) => figures[id]?.[at]?.toFixed(digits) ?? NO_FIGURE),
  ]);
  return [head, ...rows];
}

/** The chart of a series, with a panel for each group of metrics. */
export function growthChart(series: SeriesResult, { commit, date }: GrowthResults): string {
  const { title, axis, points, metrics, figures } = series;
  const panels = [...new Set(metrics.map(({ panel }) => panel))].map((panel) => {
    const members = metrics.filter((metric) => metric.panel === panel);
    const lines = members.map(({ id, title: label, digits = 1 }) => ({
      label,
      digits,
      values: points.map((_, at) => figures[id]?.[at] ?? undefined),
    }));
    return { title: panel, unit: members[0]?.unit ?? "", lines };
  });
  const subtitle = `Both axes logarithmic; less is better; commit ${commit}, ${date}`;
  return lineChart({ title, subtitle, axis, points, panels });
}

/** The document docs/benchmarks/growth.md. */
export function growthMarkdown(results: GrowthResults): string {
  const { machine, commit, date, command, rounds, series } = results;
  const lines = [
    "# How cost grows",
    "",
    `Written by \`${command}\`; change nothing by hand. All figures are in [growth.json](growth.json).`,
    "",
    `- Machine: ${machine}`,
    `- Commit ${commit}, ${date}; medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}`,
    "",
    "Chorus alone, in memory. All replicas of a point live in one process of its own and are connected over memory, so",
    "the figures are the engine's, without sockets. CPU is that of all replicas together unless it says otherwise. The",
    "heap is what is left after garbage is collected; that of few keys or channels cannot be told from noise.",
    "",
    ...series.flatMap(section),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function section(series: SeriesResult): string[] {
  const [head = [], ...rows] = growthRows(series);
  return [
    `## ${series.title}`,
    "",
    `\`${series.id}\`: ${series.description}`,
    "",
    row(head),
    row(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(row),
    "",
    `![${series.title}](${chartName(series)})`,
    "",
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function chartName({ id }: SeriesResult): string {
  return `growth-${id}.svg`;
}

/** Writes the document, its charts and the results. */
export async function writeGrowth(folder: string, results: GrowthResults): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "growth.md"), growthMarkdown(results));
  await writeFile(join(folder, "growth.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  for (const series of results.series) {
    await writeFile(join(folder, chartName(series)), growthChart(series, results));
  }
}
