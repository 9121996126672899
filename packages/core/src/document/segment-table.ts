// The segments that a document has now, and the shared map behind each. It knows nothing of what stands in them.
import { Segment, sessionOfSegment } from "./segment.js";

/** `SharedMap` is the document's own kind of map. */
export class SegmentTable<SharedMap extends object> {
  readonly #segments = new Map<SharedMap, Segment>();
  readonly #maps = new Map<Segment, SharedMap>();
  readonly #bySession = new Map<number, Set<Segment>>();
  readonly #owned: Set<number>;

  /** @param ownSession whose segments are own ones, with those of `setOwned` */
  constructor(ownSession: number) {
    this.#owned = new Set([ownSession]);
  }

  get all(): IterableIterator<Segment> {
    return this.#maps.keys();
  }

  segmentOf(map: SharedMap): Segment | undefined {
    return this.#segments.get(map);
  }

  mapOf(segment: Segment | undefined): SharedMap | undefined {
    return segment && this.#maps.get(segment);
  }

  withId(id: string): Segment | undefined {
    for (const segment of this.#maps.keys()) if (segment.id === id) return segment;
    return undefined;
  }

  hasSession(sessionId: number): boolean {
    return this.#bySession.has(sessionId);
  }

  /** A segment that is not in the table yet. @param firstClock the clock of the struct that made it */
  create(id: string, firstClock: number): Segment {
    const session = sessionOfSegment(id) ?? 0;
    return new Segment(id, { session, owned: this.#owned.has(session), firstClock });
  }

  /** Adds the segment behind `map`. Whose its session is may have changed since the segment was made. */
  add(segment: Segment, map: SharedMap): Segment {
    const { session } = segment;
    segment.owned = this.#owned.has(session);
    this.#segments.set(map, segment);
    this.#maps.set(segment, map);
    const ofSession = this.#bySession.get(session) ?? new Set();
    this.#bySession.set(session, ofSession.add(segment));
    return segment;
  }

  delete(segment: Segment): void {
    const map = this.#maps.get(segment);
    this.#maps.delete(segment);
    if (map) this.#segments.delete(map);
    const ofSession = this.#bySession.get(segment.session);
    ofSession?.delete(segment);
    if (ofSession?.size === 0) this.#bySession.delete(segment.session);
  }

  /** A session's segments count as own from now on, or no longer. @returns those for which that is a change */
  setOwned(sessionId: number, owned: boolean): Segment[] {
    if (owned) this.#owned.add(sessionId);
    else this.#owned.delete(sessionId);
    const changed: Segment[] = [];
    for (const segment of this.#bySession.get(sessionId) ?? []) {
      if (segment.owned === owned) continue;
      segment.owned = owned;
      changed.push(segment);
    }
    return changed;
  }
}
