// Reading and writing basic credentials. What is refused over the wire is in authentication.test.ts.
import { assert, suite } from "@chorus/testing";
import { challenge, MALFORMED, readCredentials, writeCredentials } from "../src/basic-auth.js";

const test = suite("basic auth");

test("it reads back what it writes", () => {
  const samples = [
    { user: "", password: "" },
    { user: "alice", password: ":::" },
    { user: "ünïcode", password: "пароль 密码 🔑" },
    { user: "x".repeat(1_000), password: "y".repeat(1_000) },
  ];
  for (const sample of samples) {
    assert.equal(readCredentials(["Host", "x", "authorization", writeCredentials(sample)]), sample);
  }
});

test("it takes only names of headers for names", () => {
  assert.is(readCredentials(["X-Note", "Authorization", "Authorization", "Basic eDp5"]) === MALFORMED, false);
  assert.is(readCredentials(["X-Note", "Authorization"]), undefined);
});

test("it quotes the realm so that nothing in it can end the header", () => {
  assert.is(challenge("/data"), 'Basic realm="/data"');
  assert.is(challenge('a"b\\c'), 'Basic realm="a\\"b\\\\c"');
  assert.is(challenge("/é\r\nSet-Cookie: x"), 'Basic realm="/%C3%A9%0D%0ASet-Cookie: x"');
  assert.is(challenge("\ud800"), 'Basic realm="%EF%BF%BD"');
});
