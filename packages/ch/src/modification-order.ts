// Which key was modified first and which last, for shift and pop. Core can list all keys by write time, which costs a
// sort; emptying a channel that way would be quadratic. So the order is sorted once, when first asked for, and then
// kept: writes here go to the end. What does not fit (a peer's older write, a forced time) drops it, to be sorted anew.
import type { Channel } from "@chorus/core";

/** A key with the time of the write that put it here. It is stale once the key has another time, or no value. */
interface Place {
  readonly key: string;
  readonly timestampMs: number | undefined;
}

/** This many stale places are always fine. */
const SLACK = 1_000;

/** The keys of one channel in the order of their last write. */
export class ModificationOrder {
  readonly #channel: Channel;
  /** Oldest first, from #first on; undefined while nobody has asked, or after a change that did not fit. */
  #places: Place[] | undefined;
  #first = 0;
  /** The newest place of each key; older ones are stale. */
  readonly #newest = new Map<string, Place>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The key written longest ago. */
  oldest(): string | undefined {
    return this.#search(
      (places) => places[this.#first],
      () => this.#first++,
    );
  }

  /** The key written last. */
  newest(): string | undefined {
    return this.#search(
      (places) => places.at(-1),
      (places) => places.pop(),
    );
  }

  /** Notes that a key was written or removed, here or by a peer. */
  changed(key: string): void {
    const places = this.#places;
    if (!places) return;
    const timestampMs = this.#channel.timestampOf(key);
    if (timestampMs === undefined) {
      this.#newest.delete(key);
      return;
    }
    const last = places.length > this.#first ? places.at(-1) : undefined;
    const fits = last?.timestampMs === undefined || last.timestampMs <= timestampMs;
    if (fits && places.length - this.#first <= 2 * this.#newest.size + SLACK)
      this.#append(places, { key, timestampMs });
    else this.forget();
  }

  /** How many places are kept, stale ones included. */
  get places(): number {
    return this.#places?.length ?? 0;
  }

  /** Drops the order: it is sorted anew when it is next asked for. */
  forget(): void {
    this.#places = undefined;
    this.#newest.clear();
  }

  #append(places: Place[], place: Place): void {
    // Those that shift took are given back now and then, or a queue in steady use would grow for ever.
    if (this.#first > SLACK && this.#first * 2 > places.length) {
      places.splice(0, this.#first);
      this.#first = 0;
    }
    places.push(place);
    this.#newest.set(place.key, place);
  }

  #search(
    at: (places: Place[]) => Place | undefined,
    skip: (places: Place[]) => unknown,
  ): string | undefined {
    const places = this.#places ?? this.#sort();
    for (let place = this.#in(places, at); place; place = this.#in(places, at)) {
      if (this.#newest.get(place.key) === place) {
        if (this.#channel.timestampOf(place.key) === place.timestampMs) return place.key;
        // A change that has not been noted yet: trust nothing.
        this.forget();
        return this.#search(at, skip);
      }
      skip(places);
    }
    if (this.#channel.size === 0) return undefined;
    this.forget();
    return this.#search(at, skip);
  }

  /** The place at one end, undefined when none is left. */
  #in(places: Place[], at: (places: Place[]) => Place | undefined): Place | undefined {
    return places.length > this.#first ? at(places) : undefined;
  }

  #sort(): Place[] {
    this.forget();
    const places: Place[] = [];
    this.#places = places;
    this.#first = 0;
    for (const key of this.#channel.keys("stamp"))
      this.#append(places, { key, timestampMs: this.#channel.timestampOf(key) });
    return places;
  }
}
