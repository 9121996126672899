// Results as the document docs/benchmarks/README.md, which is written by the bench and by nobody else. Must name the
// machine, the versions and the command behind the figures.
import type { Results, WorkloadResult } from "./results.js";
import { notesOf, tableRows } from "./text.js";

/** @param charts names of the charts that are beside the document */
export function markdown(results: Results, charts: ReadonlySet<string>): string {
  const { machine, commit, date, command, idleSeconds, versions } = results;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const overview = charts.has("overview.svg") ? ["![All workloads](overview.svg)", ""] : [];
  const lines = [
    "# Benchmarks",
    "",
    `Written by \`${command}\`; change nothing by hand. All figures are in [results.json](results.json).`,
    "",
    `- Machine: ${machine}`,
    `- Commit ${commit}, ${date}`,
    `- ${named.join(", ")}`,
    "",
    "Each node is a process of its own, on one machine, connected over loopback. Systems run in turn within a round; the",
    "first rounds warm up, and before a short run that counts is one that does not. A figure is the median of all rounds, with the least and the most where there are several.",
    "Less is better throughout. CPU is that of all processes together, servers included, until every node has",
    "everything. `×` is the median of the ratios within each round. Contents were compared by hash after each run.",
    `The wire limit has no conflict handling at all: bare WebSockets into a JavaScript Map. Idling is ${idleSeconds} s.`,
    "",
    "[docs/performance.md](../performance.md) explains workloads and figures. Beside this: [growth](growth.md) and",
    "[memory per key](memory.md).",
    "",
    ...overview,
    ...results.workloads.flatMap((workload) => section(workload, charts)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function section(workload: WorkloadResult, charts: ReadonlySet<string>): string[] {
  const { id, title, description, aim, rounds, run } = workload;
  const [head = [], ...rows] = tableRows(workload);
  const notes = notesOf(workload).map((note) => `- ${note}`);
  const chart = charts.has(`${id}.svg`) ? [`![${title}](${id}.svg)`, ""] : [];
  return [
    `## ${title}`,
    "",
    `\`${id}\`: ${description}. Rounds: ${rounds}. Aim: ${aim}.`,
    ...(run ? ["", `Measured at commit ${run.commit}, ${run.date}, by \`${run.command}\`.`] : []),
    "",
    row(head),
    row(head.map((_, index) => (index === 0 ? "---" : "---:"))),
    ...rows.map(row),
    "",
    ...(notes.length === 0 ? [] : [...notes, ""]),
    ...chart,
  ];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
