// One ordered, reliable, message-preserving pipe to a peer. It knows nothing of channels or frames.

/** Why a transport ended. Codes 4400 to 4499 follow HTTP (4401 is 401); 1006 means it broke without a word. */
export interface CloseInfo {
  code: number;
  reason: string;
}

/** What a transport reports. No handler may throw; a transport calls none of them from inside `send` or `close`. */
export interface TransportHandlers {
  /** The pipe is open; frames may be sent from now on. Not called after `closed`. */
  opened(): void;
  /** One whole frame. The bytes belong to the receiver: the transport does not reuse them. */
  received(frame: Uint8Array): void;
  /** `bufferedBytes` has fallen below LOW_WATER_BYTES after having been above it. */
  drained(): void;
  /** The pipe is gone. Called exactly once, last. */
  closed(info: CloseInfo): void;
}

export interface Transport {
  /** Bytes accepted by `send` and not yet handed to the operating system. */
  readonly bufferedBytes: number;
  /** Starts delivering events; called once, by the owner, in the turn in which it got the transport. */
  start(handlers: TransportHandlers): void;
  /** Sends one frame. Silently ignored unless open: `closed` tells the rest. Never throws. */
  send(frame: Uint8Array): void;
  /** Ends the pipe with a code and a reason of at most 120 bytes; frames sent before are still delivered. */
  close(code: number, reason: string): void;
  /** Ends the pipe at once, dropping what is buffered; both sides see 1006. */
  terminate(): void;
  /** Stops and resumes `received`; at most a few frames already under way still arrive. */
  pause(): void;
  resume(): void;
}

/** Below this `drained` is called. */
export const LOW_WATER_BYTES = 256 * 1024;

/**
 * Opens a transport to a URL. Returns at once: failures come as `closed`, with 4401 and 4403 for a refusal by
 * HTTP 401 and 403. Throws OptionError when the URL cannot be used at all.
 */
export type Dialler = (url: string) => Transport;
