// The command `npm run model-check`: runs the programme of searches, or the one search given by name=value arguments,
// and prints what each found. Exit code 0 only if the engine's rules stand and every wrong rule is found out.
import { VISIBLE_FAILURES } from "./model/checks.js";
import { type Configuration, parseConfiguration } from "./model/configuration.js";
import { describeHistory } from "./model/history.js";
import { isAsExpected, type ProgrammeItem, programme } from "./model/programme.js";
import { type Finding, type SearchResult, search } from "./model/search.js";

const USAGE = `Usage: npm run model-check                  the whole programme
       npm run model-check -- name=value ...  one search

  mode=full|inc|depc       how updates travel: whole states, session by session, or causally (default inc)
  rules=lowest-first|first-version|early-tombstone, ties=value|segment
  retire=none|abandoned|silent|returns|stubborn   what becomes of one replica
  retiring=drops|moves|at-once, retirers=1        what those that retired it do with its entries; how many they are
  copy=none|rollback|clone                        a copy of a store starts in place of its replica, or beside it
  taking=evidence|renounces|synced|until-evidence|drops-at-once|own-complete|careless
                                                  what it does with the sessions that it finds in the store
  replicas=3 depth=10 sets=3 dels=1 openings=1   bounds of the histories
  wall=0,0,0               wall clock of each replica in ms; 0/2 lets it show either at every write
  limit=50000000           give up after so many states
  stop=first|never         stop at the first failure (default never)
`;

function main(parameters: readonly string[]): number {
  if (parameters.includes("--help")) {
    print(USAGE);
    return 0;
  }
  try {
    return parameters.length === 0 ? runProgramme() : runOne(parseConfiguration(parameters));
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

function runProgramme(): number {
  const startedAt = performance.now();
  let unexpected = 0;
  let states = 0;
  for (const item of programme("whole")) {
    const result = search(item.configuration);
    states += result.states;
    if (!isAsExpected(item, result)) unexpected++;
    printItem(item, result);
  }
  print(`${states.toLocaleString("en")} states in ${seconds(performance.now() - startedAt)}, `);
  print(unexpected === 0 ? "all as expected\n" : `${unexpected} searches not as expected\n`);
  return unexpected === 0 ? 0 : 1;
}

function runOne(bounds: Configuration): number {
  const isRight = bounds.rules === "lowest-first" && bounds.ties === "value" && hasRightRoles(bounds);
  const item: ProgrammeItem = {
    title: isRight ? "the engine's rules" : "rules known to be wrong",
    configuration: bounds,
    finds: isRight ? [] : VISIBLE_FAILURES,
    allows: isRight ? [] : ["held"],
  };
  const result = search(bounds);
  printItem(item, result);
  return isAsExpected(item, result) ? 0 : 1;
}

/** Not that nothing is found then: of a replica that returns, or of a copy, something may be. */
function hasRightRoles({ retiring, taking }: Configuration): boolean {
  return retiring === "drops" && (taking === "evidence" || taking === "renounces");
}

function printItem(item: ProgrammeItem, result: SearchResult): void {
  print(`${isAsExpected(item, result) ? "ok  " : "FAIL"} ${item.title}\n`);
  print(`     ${describeBounds(item.configuration)}\n     ${describeExtent(result)}\n`);
  for (const finding of result.findings) print(`     ${describeFinding(finding, result)}\n`);
}

function describeBounds(bounds: Configuration): string {
  const clocks = bounds.wallMs.map((choices) => choices.join("/")).join(",");
  const limits = `depth=${bounds.depth} sets=${bounds.sets} dels=${bounds.deletes} openings=${bounds.openings}`;
  return `mode=${bounds.mode} replicas=${bounds.replicas} ${limits} wall=${clocks}${describeRoles(bounds)}`;
}

function describeRoles({ retire, retiring, retirers, copy, taking }: Configuration): string {
  if (copy !== "none") return ` copy=${copy} taking=${taking}`;
  return retire === "none" ? "" : ` retire=${retire} retiring=${retiring} retirers=${retirers}`;
}

function describeExtent(result: SearchResult): string {
  const size = `${result.states.toLocaleString("en")} states, ${result.transitions.toLocaleString("en")} transitions`;
  const end = result.endedBy === "bounds" ? "every history ended" : `ended by ${result.endedBy}`;
  return `${size}, longest history ${result.depthReached} steps (${end}), ${seconds(result.milliseconds)}`;
}

function describeFinding(finding: Finding, result: SearchResult): string {
  const count = result.endedBy === "first failure" ? "" : ` in ${finding.count.toLocaleString("en")} states`;
  const name =
    finding.failure === "held" ? "held until its owner writes again" : finding.failure.toUpperCase();
  return `${name}${count}, first: ${describeHistory(finding.history)}`;
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const print = (text: string): void => void process.stdout.write(text);

process.exitCode = main(process.argv.slice(2));
