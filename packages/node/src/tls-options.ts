// The TLS options of outbound connections, checked. No error from here may show what was given: it may be a
// private key.
import { createSecureContext } from "node:tls";
import { OptionError } from "@chorus/core";

/** PEM text or bytes, or several of them, as node:tls takes them. */
export type Pem = string | Buffer | (string | Buffer)[];

/** For https and wss URLs; they go to node:tls as they are. */
export interface TlsOptions {
  /** Authorities to trust instead of the well-known ones. */
  ca?: Pem;
  /** Own certificate chain, for servers that ask for one. */
  cert?: Pem;
  /** Private key of `cert`. */
  key?: Pem;
  /** Whether a server certificate that cannot be verified ends the connection. Default true. */
  rejectUnauthorized?: boolean;
}

/** The names of TlsOptions. */
export const TLS_NAMES = ["ca", "cert", "key", "rejectUnauthorized"] as const;

/** The TLS options among others, with the default filled in. Throws OptionError. */
export function tlsOptions(options: TlsOptions): TlsOptions {
  const { rejectUnauthorized = true } = options;
  if (typeof rejectUnauthorized !== "boolean") {
    throw new OptionError("rejectUnauthorized", rejectUnauthorized, "true or false");
  }
  const chosen: TlsOptions = { rejectUnauthorized };
  for (const name of ["ca", "cert", "key"] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (!isPem(value)) throw new OptionError(name, typeof value, "PEM text, a Buffer or an array of them");
    chosen[name] = value;
  }
  try {
    // Found here, or else every connection would fail.
    createSecureContext(chosen);
  } catch {
    throw new OptionError(
      "ca, cert and key",
      "unusable PEM",
      "a certificate chain and its key, and authorities",
    );
  }
  return chosen;
}

function isPem(value: unknown): value is Pem {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.every((item) => (typeof item === "string" && item !== "") || Buffer.isBuffer(item));
}
