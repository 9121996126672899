// Shows the structs of a document, so that tests can compare those of two. It must only read them.
import * as Y from "yjs";

/** Everything Yjs knows of a document's structs, as text. */
export function structsOf(doc: Y.Doc): string[] {
  const lines: string[] = [];
  for (const [session, structs] of doc.store.clients) {
    for (const struct of structs) {
      const place = `${session}:${struct.id.clock}+${struct.length}`;
      if (!(struct instanceof Y.Item)) lines.push(`${place} collected`);
      else {
        const { left, right, origin, parentSub, deleted, info } = struct;
        const links = [left?.lastId, right?.id, origin]
          .map((id) => id && `${id.client}:${id.clock}`)
          .join(" ");
        const isLatest = (struct.parent as unknown as Y.Map<unknown>)._map.get(parentSub ?? "") === struct;
        const content = deleted ? struct.content.constructor.name : JSON.stringify(textOf(struct));
        lines.push(`${place} ${parentSub} [${links}] ${info} ${isLatest} ${content}`);
      }
    }
  }
  return lines.sort();
}

function textOf({ content }: Y.Item): unknown {
  return content instanceof Y.ContentType ? "a segment" : content.getContent();
}
