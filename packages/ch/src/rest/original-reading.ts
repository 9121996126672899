// Reads all that an original holds: keys and rows in two answers that are put together, single values for what stays
// doubtful. It changes nothing, and gives what it is sure of only.
import type { JsonValue } from "@chorus/core";
import { OriginalFailure, type OriginalEndpoint } from "./original-endpoint.js";
import { isEqualJson, type OpenKey, pairRows } from "./original-rows.js";

/** What an original holds. */
export interface Contents {
  readonly rows: Map<string, JsonValue>;
  /** Keys that are there with a value that is not known. */
  readonly skipped: Set<string>;
  /** Keys that cannot be keys here. */
  readonly unusable: number;
  /** Of the latest answer. */
  readonly version: number;
  /** Whether all answers had this version. */
  readonly isSameVersion: boolean;
}

/** Tries for two answers of the same version. */
const ATTEMPTS = 3;
/** Values asked for one by one to see whether rows stand at the places of their keys. */
const SAMPLES = 5;
/** Values asked for one by one in one pull; the rest is left for later ones. */
const MAX_SINGLE_VALUES = 200;

export interface ReadOptions {
  readonly endpoint: OriginalEndpoint;
  /** A number that grows: where to begin with what is asked for one by one. */
  readonly turn: number;
  /** Called from time to time; it ends the turn when that has been long. */
  readonly breathe: () => Promise<void>;
}

/** @throws OriginalFailure */
export async function readContents({ endpoint, turn, breathe }: ReadOptions): Promise<Contents> {
  let keys = await endpoint.keys();
  let rows = await endpoint.rows();
  for (let attempt = 1; attempt < ATTEMPTS && keys.version !== rows.version; attempt++) {
    keys = await endpoint.keys();
    rows = await endpoint.rows();
  }
  const isSameVersion = keys.version === rows.version;
  const paired = await pairRows({ keys: keys.result, rows: rows.result, isSameVersion }, breathe);
  const settled = await settle(endpoint, paired.open, { rows: paired.rows, turn });
  return {
    rows: paired.rows,
    skipped: settled.skipped,
    unusable: paired.unusable,
    version: Math.max(keys.version, rows.version, settled.version),
    isSameVersion: isSameVersion && settled.version <= keys.version,
  };
}

interface Settling {
  /** Gets what was found out. */
  readonly rows: Map<string, JsonValue>;
  readonly turn: number;
}

async function settle(endpoint: OriginalEndpoint, open: readonly OpenKey[], { rows, turn }: Settling) {
  const skipped = new Set(open.map(({ key }) => key));
  let version = 0;
  const ask = async ({ key, keyMap, candidate }: OpenKey): Promise<boolean> => {
    const answer = await askFor(endpoint, keyMap);
    if (!answer) return false;
    version = Math.max(version, answer.version);
    skipped.delete(key);
    if (answer.result !== undefined) rows.set(key, answer.result as JsonValue);
    return candidate !== undefined && isEqualJson(candidate, answer.result);
  };
  if (open.length > SAMPLES && (await standAtTheirPlaces(open, ask))) {
    for (const { key, candidate } of open) if (skipped.delete(key)) rows.set(key, candidate as JsonValue);
    return { skipped, version };
  }
  const first = (turn * MAX_SINGLE_VALUES) % Math.max(1, open.length);
  const rotated = [...open.slice(first), ...open.slice(0, first)].filter(({ key }) => skipped.has(key));
  for (const entry of rotated.slice(0, MAX_SINGLE_VALUES)) await ask(entry);
  return { skipped, version };
}

/** Whether rows stand at the places of their keys although some contradict them: asked of a few. */
async function standAtTheirPlaces(
  open: readonly OpenKey[],
  ask: (entry: OpenKey) => Promise<boolean>,
): Promise<boolean> {
  if (open.some(({ candidate }) => candidate === undefined)) return false;
  for (let i = 0; i < SAMPLES; i++) {
    const entry = open[Math.floor((i * (open.length - 1)) / (SAMPLES - 1))];
    if (!entry || !(await ask(entry))) return false;
  }
  return true;
}

/** Undefined for a value that the original cannot give: it answers with a text of its own making. */
async function askFor(endpoint: OriginalEndpoint, keyMap: OpenKey["keyMap"]) {
  try {
    return await endpoint.get(keyMap);
  } catch (error) {
    if (error instanceof OriginalFailure && error.kind === "offline" && error.isGarbage) return undefined;
    throw error;
  }
}
