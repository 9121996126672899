// The planted faults "apply-over-gap", a channel that gives Yjs every update, whatever is missing before it, and
// "show-half-an-answer", one that takes the half of a diff for all of it. Not for any use but to prove that the simulation sees them.
import { Channel, type ChannelOptions } from "@chorus/core";
import type { ChannelReplication, SegmentDocument, StateVector } from "@chorus/core/internal";

/** As a channel takes it: whole, or in parts. */
type Update = Parameters<ChannelReplication["receive"]>[0];

/** Applies what the guard holds back, as a plain Yjs provider does. */
export class GapApplyingChannel extends Channel {
  constructor(options: ChannelOptions) {
    let document: SegmentDocument | undefined;
    super({
      ...options,
      createDocument: (documentOptions) => {
        document = options.createDocument?.(documentOptions);
        if (!document) throw new Error("the simulation makes its own documents");
        return document;
      },
    });
    const sound = this.replication;
    const receive = sound.receive.bind(sound);
    sound.receive = (update: Update, source: object, stored: (advanced: StateVector) => void) => {
      const outcome: ReturnType<ChannelReplication["receive"]> = receive(update, source, stored);
      if (outcome !== "gap") return outcome;
      for (const part of update instanceof Uint8Array ? [update] : update) document?.apply(part, source);
      stored(new Map());
      return "applied";
    };
  }
}

/** Applies the half of an answer, and shows it to others as if it was all. */
export class HalfwayChannel extends Channel {
  constructor(options: ChannelOptions) {
    super(options);
    const sound = this.replication;
    const absorb = sound.absorb.bind(sound);
    sound.absorb = (parts, source, watch) =>
      absorb(parts.slice(0, Math.ceil(parts.length / 2)), source, watch);
  }
}
