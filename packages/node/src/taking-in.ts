// Waits until a client has sent the body of a request that is answered without it. A client that is still sending loses the
// answer together with a connection that is closed behind it. Must never wait without bounds, nor leave a listener behind.
import type { IncomingMessage } from "node:http";

/** So much of a body is waited for, and so long: less than what `readBody` takes before it cuts the connection. */
const MAX_AWAITED_BYTES = 32 * 1024 * 1024;
const MAX_AWAITED_MS = 9_000;

/** Whether more of the body may come. */
export function isStillSending(request: IncomingMessage): boolean {
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
  // Also without a body a request is complete only after its handler has begun.
  return !request.complete && !request.destroyed && (encoding !== undefined || Number(length) > 0);
}

/** Calls `done` once nothing more comes, or so much or so long that the answer must go now. */
export function afterTakenIn(request: IncomingMessage, done: () => void): void {
  let bytes = 0;
  const over = (): void => {
    clearTimeout(timer);
    request.off("data", taken).off("end", over).off("close", over).off("error", over);
    // Whoever answers need not read; what comes now is dropped.
    if (!request.destroyed) request.resume();
    done();
  };
  const taken = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_AWAITED_BYTES) over();
  };
  const timer = setTimeout(over, MAX_AWAITED_MS).unref();
  request.on("data", taken).on("end", over).on("close", over).on("error", over);
  request.resume();
}
