// A storage that passes everything on to another: for those that stand in between and do one thing differently. It must
// never do anything by itself.
import type { ChannelStorage, ChorusError, RestoredState, StoredChannel } from "@chorus/core";

/** Does what another storage does. */
export class PassingStorage implements ChannelStorage {
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

  appendLarge(update: Parameters<ChannelStorage["appendLarge"]>[0], stored: () => void): void {
    this.sound.appendLarge(update, stored);
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
