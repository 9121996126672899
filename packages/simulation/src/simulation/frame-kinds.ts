// Names the frames of the protocol for counters and traces, from their first two bytes (docs/protocol.md): a
// frame is a msgpack array whose first element is the kind. It never decodes more.

const KINDS = ["hello", "vector", "update", "ack", "neighbours", "digest", "error"] as const;

/** An update as it happens, as opposed to part of an answer. */
export const FRAME_UPDATE = "update";

/** The kind of a frame: "hello", "vector", "update", "answer", "ack", ...; "unknown" for what is none. */
export function frameKind(frame: Uint8Array): string {
  const kind = KINDS[frame[1] ?? KINDS.length];
  if (kind !== "update") return kind ?? "unknown";
  // The last element tells a live update (0) from a part of an answer.
  return frame.at(-1) === 0 ? FRAME_UPDATE : "answer";
}
