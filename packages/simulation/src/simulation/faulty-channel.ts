// The planted faults "apply-over-gap", a channel that gives Yjs every update, whatever is missing before it, and
// "show-half-an-answer". Not for any use but to prove that the simulation sees them.
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

/** Shows its document to others, and listens to them, while an answer is being applied. */
export class HastyChannel extends Channel {
  constructor(options: ChannelOptions) {
    super(options);
    Object.defineProperty(this.replication, "isWhole", { get: () => true });
    this.replication.whenWhole = (task) => {
      task();
      return () => undefined;
    };
  }
}
