// Keeps account of what must not be lost in a mesh: what a peer of Chorus wrote or removed itself, and what any of them
// took from an original. It writes under keys of its own, which nobody else touches.
import { assert } from "@chorus/testing";
import { canonical, type Member } from "./members.js";
import type { Random } from "./random.js";

/** Keys of one peer: few, so that each is written and removed again and again. */
const OWN_KEYS = 6;

export class Witness {
  readonly #member: Member;
  readonly #random: Random;
  /** What this peer last did to its own keys: canonical values, undefined for removed ones. */
  readonly #own = new Map<string, string | undefined>();
  /** Keys that are written once by whoever it is, as soon as this peer of Chorus was told of them. */
  readonly #once = new Map<string, string>();
  #written = 0;

  constructor(member: Member, random: Random) {
    this.#member = member;
    this.#random = random;
    member.chorus?.data.subscribe((...[, op, key, value]) => {
      if (op === "set") this.#told(key, value);
      else if (op === "setall") for (const row of value as unknown[]) this.#told(row, row);
    }, true);
  }

  /** Writes something that can be accounted for. */
  write(): void {
    const member = this.#member;
    const once = { id: `once ${member.name} ${this.#written++}` };
    member.set(once, { ...once, by: member.name });
    if (!member.chorus) return;
    const own = { id: `own ${member.name} ${this.#random.below(OWN_KEYS)}` };
    const isRemoval = this.#random.next() < 0.4;
    const value = { ...own, at: this.#written };
    if (isRemoval) member.unset(own);
    else member.set(own, value);
    this.#own.set(canonical(own), isRemoval ? undefined : canonical(value));
  }

  /** Nothing of it is missing at any member, and nothing that was removed is back. */
  assertKept(members: readonly Member[], what: string): void {
    for (const { name, ...member } of members) {
      const held = member.contents();
      for (const [key, value] of [...this.#own, ...this.#once]) {
        assert.is(held.get(key), value, `${key} of ${this.#member.name} at ${name} ${what}`);
      }
    }
  }

  #told(key: unknown, value: unknown): void {
    const { id } = key as { id?: unknown };
    if (typeof id === "string" && id.startsWith("once ")) this.#once.set(canonical({ id }), canonical(value));
  }
}
