// All tables of the conformance suite. A new table is added here, and with that to the runner and to the check of the
// documentation.
import type { Case } from "./cases.js";
import { channels } from "./channels.js";
import { files } from "./files.js";
import { jobs } from "./jobs.js";
import { peering } from "./peering.js";
import { queues } from "./queues.js";
import { reading } from "./reading.js";
import { remotes } from "./remotes.js";
import { replication } from "./replication.js";
import { subscribing } from "./subscribing.js";
import { timestamps } from "./timestamps.js";
import { virtualTypes } from "./virtual-types.js";
import { wrapping } from "./wrapping.js";
import { writing } from "./writing.js";

export const tables: readonly (readonly Case[])[] = [
  channels,
  wrapping,
  writing,
  reading,
  queues,
  timestamps,
  subscribing,
  files,
  peering,
  replication,
  remotes,
  jobs,
  virtualTypes,
];
