// Where a channel is to be found on this machine, and who may use it.

export const USER = "crash";
/** With what must be encoded in a URL, and a colon. */
export const PASSWORD = "t3st:p@ss";

/** The URL of the channel that is exposed, or proxied, on a port of this machine. */
export function channelUrl(port: number): string {
  return `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/data`;
}
