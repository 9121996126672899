import { once } from "node:events";
import { createServer } from "node:http";
import { assert, suite, until } from "@chorus/testing";
import { createCh } from "../../src/index.js";
import type { Cleanup, Node } from "../support.js";
import { chorusMemberOf, FAST, type Member, originalMember, urlOf } from "./members.js";
import { atRest } from "./quiescence.js";

const test = suite("mixed mesh: one peer after the other moves", { deadlineMs: 40_000 });

test("a mesh of three originals becomes one of Chorus, and works at every step", async (t) => {
  const members: Member[] = [];
  for (const name of ["O0", "O1", "O2"]) members.push(await originalMember(t, name));
  const urls = members.map((member) => urlOf(member));
  for (const member of members) await member.original?.peer(urls.filter((url) => url !== urlOf(member)));
  members[0]?.set({ id: "before" }, { id: "before" });
  members[1]?.set("a/ü", 1);
  await atRest(members);
  const written = new Set(["before", "a/ü"]);
  for (const [place, member] of [...members.entries()]) {
    await member.original?.close();
    // Nobody is there: what is written now must not be missing later. Another original loses it, one of Chorus does not.
    for (const other of members.slice(0, place)) write(other, `while ${place} is away`, written);
    members[place] = await startInPlace(t, `C${place}`, member.port);
    await members[place]?.chorus?.data.peer(members[place]?.chorus?.server, "/data", urls);
    await until(() => dialectsAreRight(members, place), { what: `all to see that ${place} has moved` });
    for (const one of members) write(one, `step ${place}`, written);
    const tookMs = await atRest(members);
    assert.is(members[place]?.contents().size, written.size);
    process.stdout.write(
      `  step ${place + 1}: ${written.size} keys, at rest after ${Math.round(tookMs)} ms\n`,
    );
  }
  assert.equal(
    members.map(({ chorus }) => chorus?.data.contentHash()),
    members.map(() => members[0]?.chorus?.data.contentHash()),
  );
});

function write(member: Member, what: string, written: Set<string>): void {
  const id = `${what} by ${member.name}`;
  written.add(id);
  member.set({ id }, { id });
}

/** Links to peers that have moved speak Chorus; those to others do not. One's own URL is no link that counts. */
function dialectsAreRight(members: readonly Member[], moved: number): boolean {
  return members.slice(0, moved + 1).every(({ chorus, port }) =>
    (chorus?.data.links() ?? [])
      .filter(({ url }) => !url.includes(`:${port}/`))
      .every(({ url, dialect, status }) => {
        const isMoved = members.findIndex((other) => url.includes(`:${other.port}/`)) <= moved;
        return dialect === (isMoved ? "chorus" : "openaf") && status === "synced";
      }),
  );
}

/** A peer of Chorus at the port of one that has gone. */
async function startInPlace(t: Cleanup, name: string, port: number): Promise<Member> {
  const $ch = createCh(FAST);
  const server = createServer((_, response) => response.writeHead(418).end());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    await $ch.close();
    server.close();
    server.closeAllConnections();
    await once(server, "close").catch(() => undefined);
  });
  const plainUrl = `http://127.0.0.1:${port}/data`;
  const one: Node = { $ch, data: $ch("data"), server, port, url: plainUrl, plainUrl, errors: [], links: [] };
  $ch.on("error", (event) => one.errors.push(event));
  return chorusMemberOf(name, one);
}
