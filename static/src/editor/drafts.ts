/**
 * What has been typed and not saved, kept in this tab so that a reload loses nothing.
 *
 * Promise: only changed files are kept, each cluster on its own; a browser without storage keeps none and says nothing.
 */
import { isChanged, type Files } from "./files";

export interface Draft { readonly path: string; readonly text: string }

const keyOf = (cluster: string): string => `drydock:drafts:${cluster}`;

export const draftsOf = ({ open }: Files): Draft[] => open.filter(isChanged).map(({ path, text }) => ({ path, text }));

/** The files with their drafts in place of what was saved; a draft of a file that is not open is opened. */
export function withDrafts(files: Files, drafts: readonly Draft[]): Files {
  const open = [...files.open];
  for (const { path, text } of drafts) {
    const at = open.findIndex((file) => file.path === path);
    if (at < 0) open.push({ path, saved: "", text });
    else open[at] = { ...open[at]!, text };
  }
  return { open, shown: files.shown < 0 && open.length > 0 ? 0 : files.shown };
}

export function readDrafts(cluster: string, storage: () => Storage = () => sessionStorage): Draft[] {
  try {
    const kept: unknown = JSON.parse(storage().getItem(keyOf(cluster)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((draft): draft is Draft => typeof draft?.path === "string" && typeof draft?.text === "string") : [];
  } catch {
    return [];
  }
}

export function keepDrafts(cluster: string, drafts: readonly Draft[], storage: () => Storage = () => sessionStorage): void {
  try {
    if (drafts.length === 0) storage().removeItem(keyOf(cluster));
    else storage().setItem(keyOf(cluster), JSON.stringify(drafts));
  } catch {
    // Storage is full or forbidden: the editor works on, only a reload forgets.
  }
}
