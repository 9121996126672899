// The planted faults of storing: a store that says too early that it has an update, and one that knows nobody who could
// know more. Not for any use but to prove that the simulation sees it.
import type { ChannelStorage, ChorusError, RestoredState, StoredChannel } from "@chorus/core";

/** Whatever a store does. */
class PassingStorage implements ChannelStorage {
  protected readonly sound: ChannelStorage;

  constructor(sound: ChannelStorage) {
    this.sound = sound;
  }

  get replicaId(): string {
    return this.sound.replicaId;
  }

  get failure(): ChorusError | undefined {
    return this.sound.failure;
  }

  restore(): RestoredState {
    return this.sound.restore();
  }

  start(channel: StoredChannel): void {
    this.sound.start(channel);
  }

  append(update: Uint8Array, stored: () => void): void {
    this.sound.append(update, stored);
  }

  meet(replicaId: string): void {
    this.sound.meet(replicaId);
  }

  forget(replicaId: string): void {
    this.sound.forget(replicaId);
  }

  renounce(): void {
    this.sound.renounce();
  }

  close(): Promise<void> {
    return this.sound.close();
  }
}

/** Planted fault "send-before-stored". */
export class HastyStorage extends PassingStorage {
  override append(update: Uint8Array, stored: () => void): void {
    this.sound.append(update, () => {});
    stored();
  }
}

/** Planted fault "take-over-torn": it waits for nobody. */
export class ForgetfulStorage extends PassingStorage {
  override restore(): RestoredState {
    return { ...this.sound.restore(), acquaintances: [] };
  }
}
