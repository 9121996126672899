// What peers changed, as subscribers see it: one "set" or "unset" for a single change, one "setall" or "unsetall" for
// several with the same key fields. Pure: turns one batch of core into notifications.
import type { Change } from "@chorus/core";
import { parseKeyText } from "./keys.js";
import type { Notification } from "./subscribers.js";
import { snapshot, tellsKey } from "./wrapping.js";

/** Changes that go into one notification; `fields` are the key fields they share. */
interface Group {
  readonly fields: readonly string[];
  readonly unset: boolean;
  readonly changes: Change[];
}

/**
 * The notifications for a batch of remote changes, in the order in which their groups begin.
 * @param uuid the id under which this channel's replication writes
 */
export function remoteNotifications(changes: Iterable<Change>, uuid: string): Notification[] {
  const groups = new Map<string, Group>();
  for (const change of changes) {
    const keyMap = parseKeyText(change.key);
    const fields = Object.keys(keyMap);
    const unset = change.value === undefined;
    // A row that does not tell its own key cannot stand among others: it gets a group of its own.
    const alone = !unset && !tellsKey(change.key, change.value, fields);
    const name = JSON.stringify([unset, fields, alone ? change.key : null]);
    const group = groups.get(name) ?? { fields, unset, changes: [] };
    groups.set(name, group);
    group.changes.push(change);
  }
  return [...groups.values()].map((group) => notificationOf(group, uuid));
}

function notificationOf({ fields, unset, changes }: Group, uuid: string): Notification {
  const timestamp = changes.reduce((latest, change) => Math.max(latest, change.timestampMs), 0);
  const [first] = changes;
  if (first && changes.length === 1) {
    const value = snapshot(first.value);
    return {
      op: unset ? "unset" : "set",
      key: () => parseKeyText(first.key),
      value,
      timestamp,
      uuid,
      x: undefined,
    };
  }
  const rows = (): unknown[] =>
    changes.map((change) => (unset ? parseKeyText(change.key) : snapshot(change.value)()));
  return {
    op: unset ? "unsetall" : "setall",
    key: () => [...fields],
    value: rows,
    timestamp,
    uuid,
    x: undefined,
  };
}
