// What the coordinator of the bench and its node processes say to each other over IPC. Must never be needed while CPU is
// measured, but for one command and its answer.
import type { FrameCounts, Value } from "../systems/system.js";
import type { Job } from "./job.js";

/** From a command to its end, by the clock that all processes have in common. */
export interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How long a process kept its event loop waiting. */
export interface Stalls {
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** The last write of a key by a node, by the wall clock. */
export interface LastWrite {
  readonly key: string;
  readonly serial: number;
  readonly wallMs: number;
}

/** Heap of a process with many channels, in bytes. */
export interface ChannelHeap {
  readonly perChannel: number;
  readonly perKey: number;
  /** A key of a single channel that has all keys. */
  readonly perKeyOfOne: number;
}

/** What a node is asked, and what it answers. */
export interface Commands {
  /** Makes a node, or the system's server, and lets it listen; answers with its address. */
  create: { request: { role: "node" | "server"; folder: string; index: number }; answer: string | undefined };
  connect: { request: { addresses: readonly string[]; peers: number }; answer: Span };
  /** Waits for these keys from now on, in this order. */
  watch: { request: readonly string[]; answer: undefined };
  /** Answers when all keys that are watched are there: the moment at which each was. */
  seen: { request: undefined; answer: readonly number[] };
  /** Writes, and answers when all is written here; with the start of each set if `times` is asked for. */
  write: { request: { job: Job; times?: boolean }; answer: Span & { readonly times?: readonly number[] } };
  /** The last write of each shared key by this node. */
  lastWrites: { request: undefined; answer: readonly LastWrite[] };
  values: { request: readonly string[]; answer: readonly Value[] };
  /** CPU in microseconds that the process and what it started have taken. */
  cpu: { request: undefined; answer: number };
  contents: { request: undefined; answer: { hash: string; keys: number } };
  stateBytes: { request: undefined; answer: number | undefined };
  frames: { request: undefined; answer: FrameCounts | undefined };
  countProgress: { request: undefined; answer: undefined };
  /** How often progress was told since; undefined where the system tells of none. */
  progress: { request: undefined; answer: number | undefined };
  beginStalls: { request: undefined; answer: undefined };
  endStalls: { request: undefined; answer: Stalls };
  goOffline: { request: undefined; answer: undefined };
  goOnline: { request: undefined; answer: Span };
  /** Ends the node, not its process. */
  close: { request: undefined; answer: undefined };
  /** Needs no node: makes channels of Chorus and weighs them. */
  channelHeap: { request: { channels: number; keys: number }; answer: ChannelHeap };
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
