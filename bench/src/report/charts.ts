// Which charts a run gives: one for each workload, and an overview of all. Must show the same figures as the tables.
import { type Bar, barChart, type Panel } from "./bar-chart.js";
import type { MetricInfo, Results, Run, SystemResult, WorkloadResult } from "./results.js";
import { NO_FIGURE } from "./text.js";

/** By file name. */
export function charts(results: Results): Map<string, string> {
  const files = new Map<string, string>();
  const overview = overviewChart(results);
  if (overview !== undefined) files.set("overview.svg", overview);
  for (const workload of results.workloads) {
    const chart = workloadChart(workload, results);
    if (chart !== undefined) files.set(`${workload.id}.svg`, chart);
  }
  return files;
}

/** A panel for each metric that has figures; undefined without any. */
function workloadChart(workload: WorkloadResult, results: Results): string | undefined {
  const panels = workload.metrics
    .filter(({ id, charted }) => charted && workload.systems.some(({ figures }) => figures[id]))
    .map((metric): Panel => {
      const bars = workload.systems
        .filter((system) => takesPart(system))
        .map((system) => figureBar(metric, system, colorOf(results, system.id)));
      return { title: metric.title, unit: metric.unit, bars };
    });
  if (panels.length === 0) return undefined;
  return barChart({
    title: workload.title,
    subtitle: `${workload.description}; less is better; ${sourceOf(workload.run ?? results)}`,
    panels,
  });
}

/** A panel for each workload: the ratio of its first compared metric. */
function overviewChart(results: Results): string | undefined {
  const [first] = results.workloads;
  const panels = results.workloads.flatMap((workload): Panel[] => {
    const metric = workload.metrics.find(({ compared }) => compared);
    if (metric === undefined || workload.comparedWith !== first?.comparedWith) return [];
    const bars = workload.systems.flatMap((system): Bar[] => {
      const ratio = system.figures[metric.id]?.ratio;
      if (ratio === undefined) return [];
      return [
        {
          label: system.name,
          color: colorOf(results, system.id),
          value: ratio,
          text: `${ratio.toFixed(2)} ×`,
        },
      ];
    });
    return bars.length < 2 ? [] : [{ title: `${workload.title}: ${metric.title}`, unit: "ratio", bars }];
  });
  if (panels.length === 0) return undefined;
  const title = `Ratio to the ${first?.comparedWith}`;
  return barChart({ title, subtitle: `Less is better; ${sourcesOf(results)}`, panels });
}

function figureBar({ id, digits }: MetricInfo, system: SystemResult, color: number): Bar {
  const figure = system.figures[id];
  if (figure === undefined) return { label: system.name, color, value: undefined, text: NO_FIGURE };
  const { median, least, most } = figure;
  const label = system.name;
  return { label, color, value: median, text: median.toFixed(digits), least, most };
}

/** A system for which the workload makes no sense is named in the table only. */
function takesPart({ figures }: SystemResult): boolean {
  return Object.keys(figures).length > 0;
}

/** By the order of all systems that take part in the run, so that each keeps its colour. */
function colorOf({ workloads }: Results, id: string): number {
  return Math.max(0, workloads[0]?.systems.findIndex((system) => system.id === id) ?? 0);
}

function sourceOf({ commit, date }: Run): string {
  return `commit ${commit}, ${date}`;
}

/** Of all workloads, the latest first. */
function sourcesOf(results: Results): string {
  const runs = [results, ...results.workloads.flatMap(({ run }) => run ?? [])];
  const commits = [...new Set(runs.map(({ commit }) => commit))];
  return `${commits.length > 1 ? "commits" : "commit"} ${commits.join(", ")}, ${results.date}`;
}
