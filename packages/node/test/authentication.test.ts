// The same matrix of credentials and hooks for upgrades and for plain requests: only a proper permission
// admits.
import { assert, suite } from "@chorus/testing";
import type { Authenticate, Credentials, Permission } from "@chorus/node";
import { basic, openBench, raw, UPGRADE } from "./helpers.js";

const test = suite("authentication");
const SECRET = "s3cret-pässword";

/** A hook as a careless JavaScript user might write it. */
type AnyHook = (credentials: Credentials | undefined) => unknown;

const onlyAlice: AnyHook = (credentials) =>
  credentials?.user === "alice" && credentials.password === SECRET ? "rw" : undefined;
const expecting =
  (user: string, password: string): AnyHook =>
  (credentials) =>
    credentials?.user === user && credentials.password === password ? "rw" : undefined;
const always =
  (answer: unknown): AnyHook =>
  () =>
    answer;
const never: AnyHook = () => new Promise(() => undefined);
const good = basic(`alice:${SECRET}`);
const encoded = Buffer.from(`alice:${SECRET}`).toString("base64");

interface Case {
  name: string;
  hook?: AnyHook;
  headers?: string[];
  admits: boolean;
  /** Whether the hook is at fault and the owner is told. */
  reported?: boolean;
}

const cases: Case[] = [
  { name: "no hook and no header", admits: true },
  { name: "no hook and any header", headers: ["Authorization: Nonsense"], admits: true },
  { name: "the right credentials", hook: onlyAlice, headers: [good], admits: true },
  { name: "a promise of a permission", hook: async (c) => onlyAlice(c), headers: [good], admits: true },
  { name: "a wrong password", hook: onlyAlice, headers: [basic("alice:wrong")], admits: false },
  { name: "no header", hook: onlyAlice, admits: false },
  { name: "no header where the hook lets strangers in", hook: (c) => (c ? undefined : "r"), admits: true },
  { name: "two equal headers", hook: onlyAlice, headers: [good, good], admits: false },
  { name: "a good and a bad header", hook: onlyAlice, headers: [good, basic("eve:x")], admits: false },
  { name: "an empty header", hook: onlyAlice, headers: ["Authorization:"], admits: false },
  {
    name: "a scheme in capitals",
    hook: onlyAlice,
    headers: [`Authorization: BASIC ${encoded}`],
    admits: true,
  },
  {
    name: "a scheme in odd case",
    hook: onlyAlice,
    headers: [`Authorization: bAsIc ${encoded}`],
    admits: true,
  },
  {
    name: "another scheme",
    hook: always("rw"),
    headers: [`Authorization: Bearer ${encoded}`],
    admits: false,
  },
  { name: "a scheme only", hook: always("rw"), headers: ["Authorization: Basic"], admits: false },
  { name: "something after the token", hook: always("rw"), headers: [`${good} x`], admits: false },
  { name: "two schemes in a header", hook: always("rw"), headers: [`${good}, Basic eA==`], admits: false },
  {
    name: "foreign characters in base64",
    hook: always("rw"),
    headers: [`${good.slice(0, -4)}*b==`],
    admits: false,
  },
  {
    name: "the URL alphabet of base64",
    hook: always("rw"),
    headers: ["Authorization: Basic Pz8_Pjo-"],
    admits: false,
  },
  {
    name: "a token that needs no padding",
    hook: always("rw"),
    headers: ["Authorization: Basic YTpi"],
    admits: true,
  },
  {
    name: "missing padding",
    hook: always("rw"),
    headers: ["Authorization: Basic YTo"],
    admits: false,
  },
  { name: "too much padding", hook: always("rw"), headers: ["Authorization: Basic YTpi=="], admits: false },
  { name: "stray bits in base64", hook: always("rw"), headers: ["Authorization: Basic YTp="], admits: false },
  { name: "no colon", hook: always("rw"), headers: [basic("alice")], admits: false },
  { name: "colons in the password", hook: expecting("a", "b:c:"), headers: [basic("a:b:c:")], admits: true },
  { name: "an empty user", hook: expecting("", "p"), headers: [basic(":p")], admits: true },
  { name: "an empty password", hook: expecting("u", ""), headers: [basic("u:")], admits: true },
  {
    name: "bytes that are not UTF-8",
    hook: always("rw"),
    headers: [basic(Uint8Array.of(97, 58, 0xff))],
    admits: false,
  },
  {
    name: "a byte order mark before the user",
    hook: expecting("a", "b"),
    headers: [basic(Uint8Array.of(0xef, 0xbb, 0xbf, 97, 58, 98))],
    admits: false,
  },
  {
    name: "a hook that throws",
    hook: (c) => {
      throw new Error(`no ${c?.password}`);
    },
    headers: [good],
    admits: false,
    reported: true,
  },
  {
    name: "a hook that rejects",
    hook: (c) => Promise.reject(new Error(`no ${c?.password}`)),
    headers: [good],
    admits: false,
    reported: true,
  },
  {
    name: "a hook that throws what cannot be shown",
    hook: () => {
      throw Object.create(null);
    },
    headers: [good],
    admits: false,
    reported: true,
  },
  { name: "a hook that never answers", hook: never, headers: [good], admits: false, reported: true },
  { name: "a hook that answers true", hook: always(true), headers: [good], admits: false },
  { name: "a hook that answers 1", hook: always(1), headers: [good], admits: false },
  {
    name: "a hook that answers an object",
    hook: always({ permission: "rw" }),
    headers: [good],
    admits: false,
  },
  {
    name: "a hook that answers a String object",
    hook: always(new String("rw")),
    headers: [good],
    admits: false,
  },
  { name: "a hook that answers wr", hook: always("wr"), headers: [good], admits: false },
  { name: "a hook that answers RW", hook: always("RW"), headers: [good], admits: false },
  { name: "a hook that answers an empty text", hook: always(""), headers: [good], admits: false },
  { name: "a hook that answers null", hook: always(null), headers: [good], admits: false },
  { name: "a hook that answers an array", hook: always(["rw"]), headers: [good], admits: false },
];

for (const kind of ["upgrade", "request"] as const) {
  for (const { name, hook, headers = [], admits, reported = false } of cases) {
    test(`of an ${kind}: it ${admits ? "admits" : "refuses"} ${name}`, async (t) => {
      const errors: Error[] = [];
      const bench = await openBench(t, hook ? { authenticate: hook as Authenticate } : {}, {
        authenticateTimeoutMs: name.includes("never") ? 30 : 5_000,
        onError: (error) => errors.push(error),
      });
      const lines =
        kind === "upgrade" ? [...UPGRADE, "Sec-WebSocket-Protocol: chorus.1", ...headers] : headers;
      const answer = await raw(t, { port: bench.endpoint.port, headers: lines });
      const welcome = kind === "upgrade" ? 101 : 426;
      assert.is(answer.status, admits ? welcome : 401);
      assert.is(bench.guests.length, kind === "upgrade" && admits ? 1 : 0);
      if (!admits) assert.is(answer.headers.get("www-authenticate"), 'Basic realm="/data"');
      if (!admits) assert.is(answer.body, "Not authorized.");
      assert.is(errors.length, reported ? 1 : 0);
      const told = errors
        .map((error) => `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`)
        .join();
      assert.not.match(told, new RegExp(`${SECRET}|${encoded}`));
    });
  }
}

for (const grant of ["r", "w", "rw"] as Permission[]) {
  test(`it passes the permission ${grant} on, to upgrades and requests alike`, async (t) => {
    const seen: string[] = [];
    const bench = await openBench(t, {
      authenticate: async () => grant,
      onRequest: ({ response, grant: granted }) => {
        seen.push(granted);
        response.end("ok");
      },
    });
    await raw(t, { port: bench.endpoint.port, headers: UPGRADE });
    const answer = await raw(t, { port: bench.endpoint.port });
    assert.is(answer.status, 200);
    assert.equal(seen, [grant]);
    assert.is(bench.guests[0]?.grant, grant);
  });
}

test("it ignores a permission that comes after the deadline", async (t) => {
  let answer: (grant: Permission) => void = () => undefined;
  const late = new Promise<Permission>((resolve) => {
    answer = resolve;
  });
  const bench = await openBench(t, { authenticate: () => late }, { authenticateTimeoutMs: 20 });
  const refused = await raw(t, { port: bench.endpoint.port, headers: UPGRADE });
  answer("rw");
  await late;
  assert.is(refused.status, 401);
  assert.is(bench.guests.length, 0);
});
