/**
 * The files open in the editor, as a value: which are open, which is shown, what was last saved.
 * Pure; reading and writing the workstation's files is the panel's business.
 */
export interface OpenFile {
  readonly path: string;
  readonly saved: string;
  readonly text: string;
  /** `kubectl edit` waits until this file is closed. */
  readonly edit?: boolean;
}
export interface Files { readonly open: readonly OpenFile[]; readonly shown: number }

export const noFiles: Files = { open: [], shown: -1 };

export const shownFile = ({ open, shown }: Files): OpenFile | null => open[shown] ?? null;
export const isChanged = ({ saved, text }: OpenFile): boolean => saved !== text;

/** Shows a file: the open one, when its text may hold changes, else with the text just read. */
export function show(files: Files, path: string, text: string, edit = false): Files {
  const at = files.open.findIndex((file) => file.path === path);
  if (at < 0) return { open: [...files.open, { path, saved: text, text, ...(edit ? { edit } : {}) }], shown: files.open.length };
  const open = files.open.map((file, i) => (i === at && !isChanged(file) ? { path, saved: text, text } : file));
  return { open, shown: at };
}

export function create(files: Files, text: string): Files {
  const taken = new Set(files.open.map(({ path }) => path));
  let path = "untitled.yaml";
  for (let n = 2; taken.has(path); n += 1) path = `untitled-${n}.yaml`;
  return { open: [...files.open, { path, saved: "", text }], shown: files.open.length };
}

export function close(files: Files, at: number): Files {
  const open = files.open.filter((_, i) => i !== at);
  return { open, shown: Math.min(files.shown > at ? files.shown - 1 : files.shown, open.length - 1) };
}

export const edited = (files: Files, text: string): Files => withShown(files, (file) => ({ ...file, text }));
export const renamed = (files: Files, path: string): Files => withShown(files, (file) => ({ ...file, path }));

/** The text that was written; what has been typed since stays a change. */
export function saved(files: Files, path: string, text: string): Files {
  return { ...files, open: files.open.map((file) => (file.path === path ? { ...file, saved: text } : file)) };
}

function withShown(files: Files, change: (file: OpenFile) => OpenFile): Files {
  return { ...files, open: files.open.map((file, i) => (i === files.shown ? change(file) : file)) };
}

/** What its tab says: a file that is edited is named for what is in it. */
export const labelOf = ({ path, text, edit }: OpenFile): string => (edit ? `editing ${(nameFor(text) ?? path.split("/").at(-1) ?? path).replace(/\.ya?ml$/, "")}` : path);

/** A name a new file would take from what is in it: `deployment-web.yaml`. */
export function nameFor(text: string): string | null {
  const kind = /^kind:\s*["']?(\w+)/m.exec(text)?.[1];
  const name = /^metadata:\s*\n(?:[ \t]+.*\n)*?[ \t]+name:\s*["']?([\w.-]+)/m.exec(text)?.[1];
  return kind && name ? `${kind.toLowerCase()}-${name}.yaml` : null;
}
