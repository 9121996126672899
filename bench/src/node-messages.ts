// What the coordinator of bench:cpu-per-set and its node processes say to each other over IPC. Must never be needed
// while CPU is measured, but for one command and its answer.

/** Which program carries the sets: Chorus, or the bare wire. */
export type Engine = "chorus" | "wire";

/** One run of sets to be written. */
export interface Job {
  readonly engine: Engine;
  readonly sets: number;
  /** Sets between two yields to the event loop; 0 never yields. */
  readonly setsPerTurn: number;
  /** Number of the first value, so that no run repeats another's values. */
  readonly firstSerial: number;
}

/** What a node is asked, and what it answers. */
export interface Commands {
  /** Starts both servers; answers with their ports. */
  listen: { request: undefined; answer: Record<Engine, number> };
  /** Connects both programs to all these; answers once `peers` connections of each are up. */
  connect: { request: { urls: Record<Engine, readonly string[]>; peers: number }; answer: undefined };
  /** Begins to count CPU. */
  start: { request: undefined; answer: undefined };
  /** Writes and waits until all peers have it. */
  write: { request: Job; answer: undefined };
  /** CPU in microseconds since `start`. */
  stop: { request: undefined; answer: number };
  /** Waits until the document is compacted and nothing moves. */
  settle: { request: undefined; answer: undefined };
  /** Hashes of the contents. */
  contents: { request: undefined; answer: Record<Engine, string> };
}

export type CommandName = keyof Commands;

/** A request as it travels. */
export interface RequestMessage {
  readonly id: number;
  readonly command: CommandName;
  readonly request: unknown;
}

/** An answer as it travels; one of the two is there. */
export interface AnswerMessage {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}
