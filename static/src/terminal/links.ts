/** Names of objects in the terminal's text: a click selects the object on the stage. */
import type { ILink, ILinkProvider, Terminal } from "@xterm/xterm";
import { lineAround, type Row } from "./rows";

type Find = (kind: string, name: string) => string | null;

const words = /[a-z0-9](?:[-a-z0-9./]*[a-z0-9])?/g;
const kinds = ["pod", "node", "deployment", "service", "replicaset", "statefulset", "daemonset", "job", "namespace", "configmap", "secret", "persistentvolumeclaim", "ingress"];
const shortest = 2;

export interface Found { readonly from: number; readonly to: number; readonly uid: string }

/** Objects named in a line of text, `kind/name` and bare names alike. */
export function findNames(row: string, find: Find): Found[] {
  const found: Found[] = [];
  for (const word of row.matchAll(words)) {
    const uid = lookUp(word[0], find);
    if (uid) found.push({ from: word.index, to: word.index + word[0].length, uid });
  }
  return found;
}

function lookUp(word: string, find: Find): string | null {
  if (word.length < shortest) return null;
  const [kind = "", name, more] = word.split("/");
  if (name !== undefined) return more === undefined ? find(kind.split(".")[0] ?? kind, name) : null;
  for (const kind of kinds) {
    const uid = find(kind, word);
    if (uid) return uid;
  }
  return null;
}

export function linkProvider(terminal: Terminal, find: Find, select: (uid: string) => void): ILinkProvider {
  return {
    provideLinks(y, callback) {
      const { first, text } = lineAround((at) => rowOf(terminal, at), y - 1);
      const place = (offset: number): { x: number; y: number } => ({ x: (offset % terminal.cols) + 1, y: first + Math.floor(offset / terminal.cols) + 1 });
      const links = findNames(text, find).map<ILink>(({ from, to, uid }) => ({
        range: { start: place(from), end: place(to - 1) },
        text: text.slice(from, to),
        decorations: { pointerCursor: true, underline: true },
        activate: () => select(uid),
      })).filter(({ range }) => range.start.y <= y && y <= range.end.y);
      callback(links.length > 0 ? links : undefined);
    },
  };
}

export function rowOf(terminal: Terminal, y: number): Row | undefined {
  const row = terminal.buffer.active.getLine(y);
  return row && { text: row.translateToString(false), isWrapped: row.isWrapped };
}
