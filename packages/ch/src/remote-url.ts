// The URL of createRemote with the credentials that were given apart. No error from here shows any of them.
import { ChorusError, OptionError } from "@chorus/core";
import { checkUrls } from "./peer-urls.js";

/** The credentials of createRemote; with a login they replace those of the URL. */
export interface RemoteCredentials {
  readonly login: unknown;
  readonly pass: unknown;
}

/** The URL with its credentials in it, percent-encoded. @throws OptionError; ChorusError invalid-url */
export function remoteUrl(url: unknown, { login, pass }: RemoteCredentials): string {
  if (typeof url !== "string") throw new OptionError("the URL", typeof url, "a text");
  checkUrls(url);
  if (login === undefined || login === null) return url;
  const result = new URL(url);
  result.username = encoded("the login", login);
  result.password = encoded("the password", pass ?? "");
  if (typeof login === "string" && login.includes(":")) {
    throw new ChorusError("invalid-url", "the login has a colon: it could not be told from the password");
  }
  return result.href;
}

function encoded(what: string, text: unknown): string {
  if (typeof text !== "string") throw new OptionError(what, typeof text, "a text");
  if (!text.isWellFormed()) throw new OptionError(what, "one with a lone surrogate", "well-formed");
  return encodeURIComponent(text);
}
