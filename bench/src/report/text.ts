// Results as plain text: a table for each workload, and under it why a system is missing. Must never leave out a system
// without its reason.
import { table } from "../table.js";
import type { Figure, MetricInfo, Results, SystemResult, WorkloadResult } from "./results.js";

/** What stands where there is no figure. */
export const NO_FIGURE = "–";

/** With more metrics a table has a row for each. */
const MOST_COLUMNS = 5;

/** The head of a report: what was measured on what. */
export function headLines(results: Results): string[] {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  const small =
    results.size === "full"
      ? []
      : ["Small sizes, few rounds, processes that go on: to see that all works, not to compare."];
  return [
    `${results.machine}; commit ${results.commit}; ${results.date}; sizes: ${results.size}`,
    ...small,
    versions.join(", "),
  ];
}

/** One workload with its table. */
export function workloadText(workload: WorkloadResult): string {
  const lines = [
    `${workload.title} (${workload.id}): ${workload.description}; rounds: ${workload.rounds}`,
    `Aim: ${workload.aim}`,
    table(tableRows(workload)),
    ...notesOf(workload).map((note) => `${note}\n`),
  ];
  return lines.map((line) => (line.endsWith("\n") ? line : `${line}\n`)).join("");
}

/** Head and rows: a row for each system, or, where that would be too wide, one for each metric. */
export function tableRows(workload: WorkloadResult): string[][] {
  const metrics = metricsWithFigures(workload);
  return metrics.length > MOST_COLUMNS ? rowsByMetric(workload, metrics) : rowsBySystem(workload, metrics);
}

/** Columns: median, least to most, ratio. */
function rowsBySystem(workload: WorkloadResult, metrics: readonly MetricInfo[]): string[][] {
  const head = metrics.flatMap(({ title, unit, compared }) => [
    `${title}, ${unit}`,
    ...(workload.rounds > 1 ? ["least–most"] : []),
    ...(compared ? [`× ${workload.comparedWith}`] : []),
  ]);
  const rows = workload.systems.map((system) => [
    system.name,
    ...metrics.flatMap((metric) => cells(metric, system.figures[metric.id], workload.rounds > 1)),
  ]);
  return [["", ...head], ...rows];
}

/** Only systems that have figures: the reasons of the others are under the table anyway. */
function rowsByMetric(workload: WorkloadResult, metrics: readonly MetricInfo[]): string[][] {
  const systems = workload.systems.filter(({ figures }) => Object.keys(figures).length > 0);
  const head = systems.flatMap(({ name }) => [name, "×"]);
  const rows = metrics.map((metric) => [
    `${metric.title}, ${metric.unit}`,
    ...systems.flatMap(({ figures }) => {
      const [value = NO_FIGURE, ratio = ""] = cells(metric, figures[metric.id], false);
      return [value, ratio];
    }),
  ]);
  return [["", ...head], ...rows];
}

/** Reasons and remarks, one line each. */
export function notesOf({ systems }: WorkloadResult): string[] {
  return systems.flatMap((system: SystemResult) => [
    ...(system.reason === undefined ? [] : [`${NO_FIGURE} ${system.name}: ${system.reason}`]),
    ...system.remarks.map((remark) => `${system.name}: ${remark}`),
  ]);
}

/** A metric that no system has is left out. */
function metricsWithFigures({ metrics, systems }: WorkloadResult): MetricInfo[] {
  return metrics.filter(({ id }) => systems.some(({ figures }) => figures[id] !== undefined));
}

function cells(
  { digits, compared }: MetricInfo,
  figure: Figure | undefined,
  withExtremes: boolean,
): string[] {
  const { median, least, most, ratio } = figure ?? {};
  const number = (value: number | undefined): string =>
    value === undefined ? NO_FIGURE : value.toFixed(digits);
  return [
    number(median),
    ...(withExtremes ? [figure === undefined ? NO_FIGURE : `${number(least)}–${number(most)}`] : []),
    ...(compared ? [ratio === undefined ? NO_FIGURE : ratio.toFixed(2)] : []),
  ];
}
