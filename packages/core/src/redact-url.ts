// URLs without their secrets: everything that leaves a link (events, errors, statistics) goes through here.

const AUTHORITY = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)/i;

/** Whether `url` has the form scheme://host…; which schemes are usable is the dialler's matter. */
export function isUrl(url: unknown): url is string {
  return typeof url === "string" && /^[a-z][a-z0-9+.-]*:\/\/[^\s]+$/i.test(url);
}

/**
 * The URL without user and password. A password that was not percent-encoded may hold a slash: when the part
 * before it does not look like host and port, everything up to the last @ goes.
 */
export function redactUrl(url: string): string {
  const match = AUTHORITY.exec(url);
  if (!match) return "(not a URL)";
  const [whole, scheme = "", authority = ""] = match;
  const at = authority.lastIndexOf("@");
  const rest = url.slice(whole.length);
  if (at >= 0) return scheme + authority.slice(at + 1) + rest;
  const looksLikeHost = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.test(authority);
  if (looksLikeHost || !rest.includes("@")) return scheme + authority + rest;
  return scheme + rest.slice(rest.lastIndexOf("@") + 1);
}
