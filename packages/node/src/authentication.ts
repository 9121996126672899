// Asks the owner's hook whether a request may come in. Only one of the three permissions admits: a hook that
// throws, rejects, answers anything else or does not answer in time denies, and none of that may escape as an
// exception.
import type { IncomingMessage } from "node:http";
import type { Permission } from "@chorus/core";
import { type Credentials, MALFORMED, readCredentials } from "./basic-auth.js";

/**
 * Decides on a request by its credentials, undefined when it carries none. Return a permission to admit;
 * return undefined (or anything else), throw, reject or stay silent to refuse.
 */
export type Authenticate = (
  credentials: Credentials | undefined,
  request: IncomingMessage,
) => Promise<Permission | undefined> | Permission | undefined;

/**
 * The grant, or why there is none; `failure` is set when the hook itself is at fault, without any password.
 */
export interface Verdict {
  grant?: Permission;
  failure?: string;
}

const TIMED_OUT = Symbol("timed out");

/**
 * Runs `hook` for one request, at most `timeoutMs`. Without a hook everybody is granted everything. Never
 * rejects.
 */
export async function authenticate(
  hook: Authenticate | undefined,
  request: IncomingMessage,
  timeoutMs: number,
): Promise<Verdict> {
  if (!hook) return { grant: "rw" };
  const credentials = readCredentials(request.rawHeaders);
  if (credentials === MALFORMED) return {};
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<typeof TIMED_OUT>((resolve) => {
    // Whatever waits for the answer holds a socket; the timer alone need not keep the process alive.
    timer = setTimeout(() => resolve(TIMED_OUT), timeoutMs).unref();
  });
  try {
    const answer: unknown = await Promise.race([call(hook, credentials, request), deadline]);
    if (answer === TIMED_OUT) return { failure: `gave no answer within ${timeoutMs} ms` };
    return isPermission(answer) ? { grant: answer } : {};
  } catch (error) {
    return { failure: `failed: ${withoutPassword(error, credentials)}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Makes a rejection of what a hook throws before its first await. */
async function call(hook: Authenticate, credentials: Credentials | undefined, request: IncomingMessage) {
  return hook(credentials, request);
}

function isPermission(answer: unknown): answer is Permission {
  return answer === "r" || answer === "w" || answer === "rw";
}

/** What was thrown, as a text in which the password does not occur. */
function withoutPassword(error: unknown, credentials: Credentials | undefined): string {
  try {
    const text = String(error).slice(0, 200);
    const { user = "", password = "" } = credentials ?? {};
    const token = Buffer.from(`${user}:${password}`).toString("base64");
    const shown = String(error);
    const repeats = shown.includes(token) || (password !== "" && shown.includes(password));
    return repeats ? "(its error repeats the password)" : text;
  } catch {
    return "(its error cannot be shown)";
  }
}
