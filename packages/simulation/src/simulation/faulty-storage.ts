// The planted faults of storing: a store that says too early that it has an update, and one that knows nobody who could
// know more. Not for any use but to prove that the simulation sees it.
import type { ChannelStorage, RestoredState } from "@chorus/core";
import { PassingStorage } from "./passing-storage.js";

/** Planted fault "send-before-stored". */
export class HastyStorage extends PassingStorage {
  override append(update: Uint8Array, stored: () => void): void {
    this.sound.append(update, () => {});
    stored();
  }

  override appendLarge(update: Parameters<ChannelStorage["appendLarge"]>[0], stored: () => void): void {
    this.sound.appendLarge(update, () => {});
    stored();
  }
}

/** Planted fault "take-over-torn": it waits for nobody. */
export class ForgetfulStorage extends PassingStorage {
  override restore(): RestoredState {
    return { ...this.sound.restore(), acquaintances: [] };
  }
}
