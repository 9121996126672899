// From what was read of a channel to what its next session begins with: who it is, which sessions it owns, and what is
// wrong. It writes nothing.
import { ChorusError } from "../errors.js";
import { newReplicaId } from "../replica-id.js";
import { type ChannelMetadata, isComplete, newMetadata, renamed } from "./channel-metadata.js";
import type { ChannelContents } from "./channel-reader.js";
import type { RestoredState } from "./channel-storage.js";
import type { StoreSettings } from "./store-options.js";

/** What a session begins with. */
export interface OpenedMetadata {
  readonly metadata: ChannelMetadata;
  readonly isCopied: boolean;
  readonly isDamaged: boolean;
}

/** The metadata for a new session: of a new replica if there is none, or if the store was copied. */
export function openMetadata(contents: ChannelContents, settings: StoreSettings): OpenedMetadata {
  const { runtime, place } = settings;
  const { metadata: damagedCopies, damaged, missing } = contents.damage;
  const isDamaged = damagedCopies + damaged + missing > 0;
  const { metadata: found } = contents;
  if (!found) {
    const metadata = newMetadata(newReplicaId(runtime), place);
    const { generation, nextNumber } = contents;
    const endNumber = isDamaged ? undefined : nextNumber;
    const opened = { ...metadata, generation, endNumber, isSalvaged: isDamaged };
    return { metadata: opened, isCopied: false, isDamaged };
  }
  const isCopied = place !== undefined && found.place !== undefined && place !== found.place;
  let metadata = { ...found, place: place ?? found.place };
  if (isCopied) metadata = renamed(metadata, newReplicaId(runtime));
  if (isDamaged) metadata.sessions = metadata.sessions.map((session) => ({ ...session, isTorn: true }));
  if (isCopied || isDamaged || metadata.place !== found.place) metadata.version++;
  return { metadata, isCopied, isDamaged };
}

/** What is handed to the channel, once. */
export function restoredState(
  name: string,
  opened: OpenedMetadata & { contents: ChannelContents },
): RestoredState {
  const { metadata, contents, isCopied, isDamaged } = opened;
  const findings: ChorusError[] = [];
  if (isDamaged) {
    const { metadata: copies, damaged, missing } = contents.damage;
    const text = `the store of the channel "${name}" is damaged: ${damaged} records are unreadable, ${missing} are missing`;
    const lost = copies > 0 ? `, and ${copies} copies of its metadata` : "";
    findings.push(new ChorusError("store-damaged", `${text}${lost}; what is intact was kept`));
  }
  if (isCopied) {
    const text = `the store of the channel "${name}" was copied, restored or mended: it goes on as a new replica`;
    findings.push(new ChorusError("store-copied", text));
  }
  const sessions = metadata.sessions.map((session) => ({
    sessionId: session.sessionId,
    complete: isComplete(session),
  }));
  const { snapshot, updates } = contents;
  const { acquaintances } = metadata;
  const seenStamp = Math.max(metadata.seenStamp, contents.seenStamp);
  return { snapshot, updates, sessions, seenStamp, acquaintances, findings, isDamaged };
}
