// Everything of which growth is measured, in the order of reports.
import { channelsGrowth } from "./channels-growth.js";
import { keysGrowth } from "./keys-growth.js";
import { peersGrowth } from "./peers-growth.js";
import type { GrowthSeries } from "./series.js";
import { sessionsGrowth } from "./sessions-growth.js";

const ALL: readonly GrowthSeries[] = [keysGrowth, peersGrowth, channelsGrowth, sessionsGrowth];

/** By id. */
export const GROWTH: ReadonlyMap<string, GrowthSeries> = new Map(ALL.map((series) => [series.id, series]));
