// The paths of an endpoint: what may be exposed, and which path a request asks for. Paths are compared
// decoded and without query or trailing slash; this file must never guess at a target it cannot decode.
import { OptionError } from "@chorus/core";

/** Checks a path to be exposed (decoded, as in "/data") and strips its trailing slash. Throws OptionError. */
export function exposedPath(path: unknown): string {
  const allowed = 'a path that starts with "/" and has no "?", "#", "." or ".." segment or control character';
  if (typeof path !== "string" || !path.startsWith("/") || !isPlain(path)) {
    throw new OptionError("path", path, allowed);
  }
  return withoutTrailingSlash(path);
}

/** The decoded path of a request target, or undefined when it has none that could match. */
export function requestedPath(target: string | undefined): string | undefined {
  const path = pathAndQuery(target)?.path;
  if (path === undefined) return undefined;
  try {
    return withoutTrailingSlash(decodeURIComponent(path));
  } catch {
    return undefined;
  }
}

/**
 * The path of a request target and its query, both still encoded; the query begins with "?" or is empty, a
 * fragment is dropped. Undefined for a target without a path.
 */
export function pathAndQuery(target: string | undefined): { path: string; query: string } | undefined {
  const whole = target?.startsWith("/") ? target : pathOfAbsoluteTarget(target);
  const [text] = whole?.split("#", 1) ?? [];
  if (text === undefined) return undefined;
  const end = text.indexOf("?");
  return end < 0 ? { path: text, query: "" } : { path: text.slice(0, end), query: text.slice(end) };
}

/** Proxies send `GET http://host/path`; the host is theirs to check. */
function pathOfAbsoluteTarget(target = ""): string | undefined {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(target)?.[1];
  return rest === undefined || rest.startsWith("/") ? rest : `/${rest}`;
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/**
 * Whether a URL can name the path: URLs cut at "?" and "#" and resolve "." and ".." before anything is sent.
 */
function isPlain(path: string): boolean {
  if (/[?#\p{Cc}\p{Cs}]/u.test(path)) return false;
  return path.split("/").every((segment) => segment !== "." && segment !== "..");
}
