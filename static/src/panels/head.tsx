/**
 * What the lab adds to the page's header: "Reset lab", "Save picture", and the keys that need no other key held.
 *
 * Promise: resetting asks first. Single keys can be turned off, for this browser; one without storage keeps them on.
 */
import { signal, useSignal } from "@preact/signals";
import type { Lab } from "../lab";
import { lazily } from "./lazily";

const ResetQuestion = lazily(async () => (await import("./reset-question")).ResetQuestion);
const SavedPicture = lazily(async () => (await import("./saved-picture")).SavedPicture);

const STORED = "drydock:single-keys";
const KEYS: [key: string, does: string][] = [[".", "next message"], [",", "previous message"], ["+ −", "zoom"], ["0", "fit"], ["i", "inspector"], ["l", "control loops"]];

export const singleKeys = signal(stored());

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function choose(on: boolean): void {
  singleKeys.value = on;
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // Forbidden storage: the choice lasts as long as the page.
  }
}

export function KeySetting() {
  return (
    <details class="menu keys-menu">
      <summary class="btn ghost">Keys</summary>
      <div class="keys">
        <label class="menu-item"><input type="checkbox" checked={singleKeys.value} onChange={(event) => choose(event.currentTarget.checked)} /> Single keys on the stage</label>
        <dl>{KEYS.map(([key, does]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{does}</dd></div>)}<div><dt><kbd>F6</kbd></dt><dd>next pane, always</dd></div></dl>
      </div>
    </details>
  );
}

/** The diagram as a file for the learner's notes; what that needs is loaded on the first click. */
export function SavePicture({ lab }: { lab: Lab }) {
  const isOpen = useSignal(false);
  return (
    <>
      <button type="button" class="btn ghost save-picture" onClick={() => { isOpen.value = true; }}>Save picture</button>
      {isOpen.value ? <SavedPicture lab={lab} onClose={() => { isOpen.value = false; }} /> : null}
    </>
  );
}

/** The question before a reset, loaded on the first click. */
export function ResetLab({ lab }: { lab: Lab }) {
  const isOpen = useSignal(false);
  return (
    <>
      <button type="button" class="btn ghost" onClick={() => { isOpen.value = true; }}>Reset lab</button>
      {isOpen.value ? <ResetQuestion lab={lab} onClose={() => { isOpen.value = false; }} /> : null}
    </>
  );
}
