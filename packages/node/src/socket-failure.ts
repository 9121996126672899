// What failed about an outbound connection, in words that are safe to show: error codes only. The messages of
// errors may quote URLs with passwords.

/** The code of a system, TLS or HTTP parser error, such as "ECONNREFUSED"; undefined when it has none. */
export function failureCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined;
}
