// The URLs given to peer and unpeer: checked here, before anything is opened, and asked for again when a function gives
// them. No error from here shows a URL, since what cannot be parsed may still hold a password.
import { ChorusError, OptionError } from "@chorus/core";
import { withCode } from "./errors.js";
import type { PeerUrls, PortOrServer } from "./types.js";

/** What a function of URLs is called with. */
export interface UrlsContext {
  readonly name: string;
  readonly portOrServer: PortOrServer | undefined;
  readonly path: string;
  readonly uuid: string;
}

/** Where the URLs of one `peer` call come from. */
export interface UrlSource {
  /** The URLs as they were given; undefined when a function gives them, which is then asked from time to time. */
  readonly fixed: readonly string[] | undefined;
  /** The URLs now. @throws (rejects) ChorusError invalid-url, urls-failed */
  ask(context: UrlsContext): Promise<readonly string[]>;
}

const SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/** @throws ChorusError invalid-url, OptionError for what is no text, array or function */
export function urlSource(urls: PeerUrls): UrlSource {
  if (typeof urls !== "function") {
    const fixed = checkUrls(urls);
    return { fixed, ask: async () => fixed };
  }
  return { fixed: undefined, ask: async (context) => checkUrls(await answerOf(urls, context)) };
}

/** One URL or several, checked. @throws ChorusError invalid-url, OptionError */
export function checkUrls(urls: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(urls) ? [...urls] : [urls];
  return list.map((url, i) => {
    if (typeof url !== "string")
      throw new OptionError("the peer URL", url, "a text, an array of texts or a function");
    if (identityOf(url) !== undefined) return url;
    const which = list.length === 1 ? "the peer URL" : `peer URL ${i + 1} of ${list.length}`;
    throw new ChorusError(
      "invalid-url",
      `${which} cannot be used: it must be like http://user:password@host:8080/data (http, https, ws or wss, no fragment, user and password percent-encoded)`,
    );
  });
}

/** What makes two URLs the same peer: everything but the credentials. Undefined when it cannot be dialled. */
export function identityOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined || url.hostname === "" || url.hash !== "" || !decodable(url)) return undefined;
  return `${scheme}//${url.host}${url.pathname}${url.search}`;
}

/** A user with a colon could not be told from its password. */
function decodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(password);
    return !decodeURIComponent(username).includes(":");
  } catch {
    return false;
  }
}

type UrlsFunction = Extract<PeerUrls, (...args: never[]) => unknown>;

async function answerOf(
  urls: UrlsFunction,
  { name, portOrServer, path, uuid }: UrlsContext,
): Promise<unknown> {
  try {
    return await urls(name, portOrServer, path, uuid);
  } catch (error) {
    throw withCode(error, "urls-failed", "the function that gives the peer URLs failed");
  }
}
