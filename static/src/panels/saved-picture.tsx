/**
 * Saves the diagram as a file when it is drawn, and then offers two lines for the learner's notes.
 *
 * Promise: what was saved, and whether a link leads back to it, is said in a dialog; where there is nothing to save, in a sentence.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Lab } from "../lab";
import { download, noteOf, pictureOf, type Saved } from "./picture";

export function SavedPicture({ lab, onClose }: { lab: Lab; onClose(): void }) {
  const saved = useSignal<Saved | null>(null);
  useEffect(() => void save(), []);
  const save = async () => {
    const stage = document.querySelector(".stage");
    saved.value = stage && (await pictureOf(stage, lab.session));
    if (saved.value) return download(saved.value);
    lab.ctx.announce("The list has no picture. Choose Racks or Namespaces first.", { urgent: true });
    onClose();
  };
  return saved.value ? <SavedDialog saved={saved.value} onClose={onClose} /> : null;
}

function SavedDialog({ saved, onClose }: { saved: Saved; onClose(): void }) {
  const { name, link, why } = saved;
  const note = noteOf(saved);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="picture-title" onClose={onClose}>
      <h2 id="picture-title">Saved as {name}</h2>
      {link ? <p>The picture holds a link. It opens a cluster of your own with the same objects at this moment, and so does <a href={link}>this one</a>.</p> : <p>The picture has no link back. {why}</p>}
      <div class="field"><label for="picture-note">For your notes</label><textarea id="picture-note" class="mono" rows={4} readOnly value={note} onFocus={(event) => event.currentTarget.select()} /></div>
      <div class="foot">
        <button type="button" class="btn" data-copy={note}>Copy for my notes</button>
        <button type="button" class="btn pri" onClick={() => dialog.current?.close()}>Done</button>
      </div>
    </dialog>
  );
}
