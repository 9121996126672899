// HTTP basic authentication (RFC 7617), reading and writing, with no leniency: what two readers might
// understand differently is refused. Nothing here may put a user's password into an error.

/** Who asks to come in. The password may contain colons, the user may be empty. */
export interface Credentials {
  user: string;
  password: string;
}

/**
 * The header was there and cannot be trusted: two of them, another scheme, broken base64, no colon, not
 * UTF-8.
 */
export const MALFORMED = Symbol("malformed credentials");

/**
 * The credentials in a request's raw headers; undefined without an Authorization header.
 * Node keeps the first of several such headers silently, so the raw list is counted.
 */
export function readCredentials(rawHeaders: readonly string[]): Credentials | undefined | typeof MALFORMED {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "authorization",
  );
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) return MALFORMED;
  const token = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1];
  return token === undefined ? MALFORMED : decodeToken(token);
}

function decodeToken(token: string): Credentials | typeof MALFORMED {
  const bytes = Buffer.from(token, "base64");
  // Writing it back finds missing padding and stray bits, which Node ignores when reading.
  if (bytes.toString("base64") !== token) return MALFORMED;
  let text: string;
  try {
    // A replacement character would make different passwords equal; so would a swallowed byte order mark.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return MALFORMED;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? MALFORMED : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The value of the Authorization header for some credentials. The user must not contain a colon. */
export function writeCredentials(credentials: Credentials): string {
  return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`, "utf8").toString("base64")}`;
}

/** The value of the WWW-Authenticate header: the realm as a quoted string of printable ASCII. */
export function challenge(realm: string): string {
  const ascii = realm.toWellFormed().replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
  return `Basic realm="${ascii.replace(/["\\]/g, "\\$&")}"`;
}
