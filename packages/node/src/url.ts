// URLs of peers: which can be dialled, their credentials, and how to show one. No error from here may repeat
// what could be a password, not even for a URL that cannot be parsed.
import { OptionError } from "@chorus/core";
import type { Credentials } from "./basic-auth.js";

/** A URL taken apart: where to connect, without credentials, and the credentials if it had any. */
export interface PeerAddress {
  url: string;
  credentials?: Credentials;
}

const ALLOWED = "a URL such as https://user:password@host:8080/data (http, https, ws or wss, no fragment)";
const WEB_SOCKET_SCHEMES: ReadonlyMap<string, string> = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);
const HTTP_SCHEMES: ReadonlyMap<string, string> = new Map([
  ["http:", "http:"],
  ["https:", "https:"],
  ["ws:", "http:"],
  ["wss:", "https:"],
]);

/**
 * Checks and takes apart the URL of a peer; http becomes ws, https wss. Throws OptionError without
 * credentials.
 */
export function parsePeerUrl(text: unknown): PeerAddress {
  return takeApart(text, WEB_SOCKET_SCHEMES);
}

/** The same for plain requests: ws becomes http, wss https. */
export function parseHttpUrl(text: unknown): PeerAddress {
  return takeApart(text, HTTP_SCHEMES);
}

function takeApart(text: unknown, schemes: ReadonlyMap<string, string>): PeerAddress {
  if (typeof text !== "string" || !URL.canParse(text)) throw refusal(text, ALLOWED);
  const url = new URL(text);
  const scheme = schemes.get(url.protocol);
  if (scheme === undefined || url.hash !== "" || url.hostname === "") throw refusal(text, ALLOWED);
  url.protocol = scheme;
  const credentials = credentialsOf(url);
  url.username = "";
  url.password = "";
  return credentials ? { url: url.href, credentials } : { url: url.href };
}

function credentialsOf(url: URL): Credentials | undefined {
  if (url.username === "" && url.password === "") return undefined;
  let credentials: Credentials;
  try {
    credentials = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    throw refusal(url.href, "a URL with correctly percent-encoded credentials");
  }
  if (credentials.user.includes(":")) throw refusal(url.href, "a URL whose user has no colon");
  return credentials;
}

function refusal(value: unknown, allowed: string): OptionError {
  return new OptionError("url", typeof value === "string" ? withoutCredentials(value) : value, allowed);
}

/**
 * A URL for a message about it. Works on any text: what stands before the last "@" goes, since a
 * password with a raw "/" or "#" makes a URL that says something else than meant.
 */
export function withoutCredentials(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0] ?? "";
  const at = url.lastIndexOf("@");
  return at < scheme.length ? url : scheme + url.slice(at + 1);
}
