/**
 * What can be done with a past moment: look around in it, go on from it, compare it with now or with a future that was left.
 *
 * Promise: shown only while the page is not at the present. Looking changes nothing; going on begins a new branch and says so first. The
 * branch that was left can be compared until it is thinned away.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clockText } from "../protocol/clock";
import type { BranchRow, CompareReply } from "../protocol/shapes";
import type { Session } from "../session";
import { Differences } from "./differences";

export function PastBar({ session, onSay }: { session: Session; onSay(sentence: string): void }) {
  const compared = useSignal<CompareReply | null>(null);
  const left = useLeftFuture(session);
  const dialog = useRef<HTMLDialogElement>(null);
  const visit = session.visited.value;
  const head = session.playhead.value;
  const compare = async (body: { gen: number; at: number; ev?: number; with?: { gen: number; at: number } }) => {
    const outcome = await session.api.past<CompareReply>({ op: "compare", ...body });
    if (!outcome.ok) return onSay(outcome.error.message);
    compared.value = outcome.value;
    onSay(outcome.value.same ? "No object differs." : `${outcome.value.count} objects differ.`);
  };
  const goOn = () => {
    dialog.current?.close();
    void session.api.past({ op: "branch", ...visit!.moment }).then((outcome) => {
      if (outcome.ok) session.goLive();
      onSay(outcome.ok ? "A new branch of history begins here." : outcome.error.message);
    });
  };
  const compareFutures = () => {
    if (left === null) return;
    const at = Math.round(Math.min(session.liveNow(), left.end ?? 0));
    void compare({ gen: left.gen, at, with: { gen: session.present.value.gen, at } });
  };
  const share = async (moment: { gen: number; at: number }) => {
    const outcome = await session.api.past<{ url: string }>({ op: "world", gen: moment.gen, at: moment.at });
    if (!outcome.ok) return onSay(outcome.error.message);
    const link = new URL(outcome.value.url, location.href).href;
    await navigator.clipboard?.writeText(link).then(() => onSay("A link to this world is copied."), () => onSay(link));
  };
  const isShown = visit !== null || head !== null || session.goingBack.value;
  return (
    <>
      {isShown ? (
        <section class="past-bar" aria-label="The past">
          <p role="status">{session.goingBack.value ? "Going back…" : visit ? <>You visit <b>{clockText(visit.at)}</b>. Terminal and inspector answer from then.</> : <>You see <b>{clockText(head!.at)}</b>.</>}</p>
          {visit === null ? <button type="button" class="btn small" onClick={() => void session.visit()}>Look around here</button> : null}
          {visit !== null && !session.boot.readonly ? <button type="button" class="btn small pri" onClick={() => dialog.current?.showModal()}>Continue from here</button> : null}
          {visit !== null ? <button type="button" class="btn small" onClick={() => void compare(visit.moment)}>Compare with now</button> : null}
          {visit !== null ? <button type="button" class="btn small" onClick={() => void share(visit)}>Copy link</button> : null}
          <button type="button" class="btn small ghost" onClick={() => session.goLive()}>Back to now</button>
        </section>
      ) : left !== null ? (
        <section class="past-bar" aria-label="The future you left">
          <p>You went on from <b>{clockText(left.at)}</b>.</p>
          <button type="button" class="btn small" onClick={compareFutures}>Compare with the future you left</button>
          <button type="button" class="btn small ghost" onClick={() => left.dismiss()}>Hide</button>
        </section>
      ) : null}
      <dialog ref={dialog} aria-labelledby="branch-title">
        <h2 id="branch-title">Continue from {visit ? clockText(visit.at) : "here"}?</h2>
        <p>The cluster goes on from this moment. What happened after it stays as the future you left, and can be compared.</p>
        <div class="foot">
          <button type="button" class="btn" onClick={() => dialog.current?.close()}>Cancel</button>
          <button type="button" class="btn pri" onClick={goOn}>Continue from here</button>
        </div>
      </dialog>
      {compared.value ? <Differences found={compared.value} onClose={() => { compared.value = null; }} /> : null}
    </>
  );
}

interface LeftFuture { gen: number; at: number; end: number | null; dismiss(): void }

/** The branch that the present one left; asked for once a branch. */
function useLeftFuture(session: Session): LeftFuture | null {
  const branches = useSignal<BranchRow[]>([]);
  const hidden = useSignal(0);
  const gen = session.present.value.gen;
  useEffect(() => {
    if (gen < 2) return;
    void session.api.past<{ branches: BranchRow[] }>({ op: "branches" }).then((outcome) => { branches.value = outcome.ok ? outcome.value.branches : []; });
  }, [gen]);
  const mine = branches.value.find((row) => row.gen === gen);
  const former = mine?.from ? branches.value.find((row) => row.gen === mine.from) : undefined;
  if (!mine || !former || former.end === null || hidden.value === gen) return null;
  return { gen: former.gen, at: mine.at, end: former.end, dismiss: () => { hidden.value = gen; } };
}
