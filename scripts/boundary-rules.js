// The import table of the workspace as data: who may import what. check-boundaries.js applies it.
// Change a rule here only together with the document that states it, and say why.

/** Per package: what its `src` may import (names of packages; "node:*" for Node's own modules). */
export const allowedImports = {
  core: ["yjs", "y-protocols", "lib0", "msgpackr", "abstract-level", "crc-32"],
  node: ["@chorus/core", "ws", "classic-level", "prom-client", "node:*"],
  ch: ["@chorus/core", "@chorus/node", "node:*"],
  cli: ["@chorus/ch", "@chorus/node", "@chorus/core", "node:*"],
  testing: ["uvu", "node:*"],
  simulation: ["@chorus/core", "yjs", "lib0", "node:*"],
  "crash-test": ["@chorus/ch", "@chorus/node", "@chorus/core", "@chorus/simulation", "node:*"],
  bench: [
    "@chorus/ch",
    "@chorus/node",
    "@chorus/core",
    "yjs",
    "ws",
    "msgpackr",
    "tinybench",
    "node:*",
  ].concat([
    "y-websocket",
    "@y/websocket-server",
    "@hocuspocus/provider",
    "@hocuspocus/server",
    "tinybase",
    "@redis/client",
  ]),
};

/** What tests (and a demo) may import beyond what their package's `src` may. */
export const testImports = [
  "@chorus/core",
  "@chorus/node",
  "@chorus/testing",
  "fast-check",
  "memory-level",
  "abstract-level",
  "classic-level",
  "yjs",
  "ws",
  "node:*",
];

/** Who may use "@chorus/core/internal", the entry for sister packages; all others see the public surface only. */
export const internalUsers = ["node", "ch", "simulation", "bench"];

/** Libraries that never print. */
export const silentPackages = ["core", "node", "ch"];

/** External packages of core, and the only files of its `src` that may import each. */
export const soleImporters = {
  // Four write: segment-writer.ts shared types, entry-structs.ts and struct-deletions.ts the store of structs,
  // coming-session.ts maps that are not in it yet. The others read that, for diffs, the guard and the index.
  yjs: [
    "document/segment-document.ts",
    "document/update-slices.ts",
    "document/known-structs.ts",
    "document/salvage.ts",
    "document/struct-slice.ts",
    "document/transaction-reader.ts",
    "document/segment-writer.ts",
    "document/entry-structs.ts",
    "document/coming-session.ts",
    "document/struct-deletions.ts",
    "document/segment-document-options.ts",
  ],
  msgpackr: ["frames.ts"],
  "y-protocols": ["yjs-sync-codec.ts"],
  "crc-32": ["storage/store-records.ts"],
};

/**
 * Layers of core from the lowest up; a file imports from its own layer and from lower ones only. An entry ending
 * with "/" is a folder, one ending with "-" stands for all files whose path begins so.
 */
export const coreLayers = [
  ["errors.ts", "runtime.ts", "emitter.ts", "value.ts", "stamp.ts", "state-vector.ts", "json-text.ts"].concat(
    [
      "limits.ts",
      "replica-id.ts",
      "alarm.ts",
      "backoff.ts",
      "plain-message.ts",
      "redact-url.ts",
      "close-codes.ts",
    ],
  ),
  ["rules.ts"],
  ["document/"],
  ["storage/"],
  [
    "guard.ts",
    "guard-",
    "update-reader.ts",
    "update-block.ts",
    "update-assembly.ts",
    "entry-content.ts",
  ].concat(["plain-update.ts"]),
  ["channel.ts", "channel-", "replication-port.ts", "change-events.ts", "commit-queue.ts", "maintenance.ts"]
    .concat(["pending-writes.ts", "careful-loading.ts", "identity.ts", "recounting.ts", "durable-waiters.ts"])
    .concat([
      "absorption.ts",
      "large-updates.ts",
      "progress.ts",
      "read-ahead.ts",
      "update-plan.ts",
      "wholeness.ts",
    ]),
  ["transport.ts", "memory-transport.ts", "replication-options.ts"],
  ["frames.ts", "yjs-sync-codec.ts", "wire.ts"],
  ["connection.ts", "update-parts.ts", "connection-", "replication-counters.ts"].concat([
    "acknowledgements.ts",
    "inbox.ts",
    "outbox.ts",
    "pulls.ts",
    "reception-progress.ts",
  ]),
  ["link.ts", "link-"],
  ["peer-set.ts", "peer-", "relay.ts", "admission.ts", "duplicates.ts", "neighbours.ts", "roster.ts"],
  ["index.ts", "internal.ts"],
];

/** Packages that use OpenAF's words: they drive `$ch`, or measure what its users call. */
export const openafUsers = ["ch", "crash-test", "bench"];

/** Words of OpenAF that stop at `ch`. Looked for as whole words in `src`, not in strings or comments. */
export const openafWords = [
  "aAuthFunc",
  "aUnAuthFunc",
  "unset",
  "unsetAll",
  "setAll",
  "getAll",
  "getKeys",
  "getSortedKeys",
  "getSet",
  "waitForJobs",
  "ow",
  "openaf",
  "OpenAF",
];

/**
 * The most lines a file may have. A test file belongs to one source file and takes up to two lines for each of its
 * lines; cutting it in two would only hide which.
 */
export const maximumLines = { src: 300, test: 600 };
