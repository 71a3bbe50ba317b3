/** The wall: bar, cards and the chosen learner, and what is shown while there is nothing of that. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { Bar } from "./bar";
import { Grid, Tools } from "./grid";
import { HintDialog } from "./hint-dialog";
import { BringDialog, PresentDialog } from "./lead-dialogs";
import { Painter } from "./painter";
import { Side } from "./side";
import type { Card } from "./types";
import type { WallState } from "./wall-state";

const hinting = signal<Card | null>(null);
const leading = signal<"bring" | "present" | null>(null);

export function WallPage({ wall }: { wall: WallState }): JSX.Element {
  const painter = useMemo(() => new Painter((elements) => wall.inView([...new Set(elements.map(({ dataset }) => dataset["of"] ?? ""))])), [wall]);
  useEffect(() => () => painter.dispose(), [painter]);
  const watch = (card: Card): void => {
    const url = wall.watchUrl(card);
    if (url) location.assign(url);
    else wall.say(`${card.name} has no cluster yet.`);
  };
  const card = wall.selectedCard.value;
  return (
    <>
      <Bar wall={wall} onBring={() => void (leading.value = "bring")} onPresent={() => void (leading.value = "present")} />
      <div class={card ? "wall-body with-side" : "wall-body"}>
        <section class="wall-main" aria-label="Live clusters">
          <Trouble wall={wall} />
          <Presenting wall={wall} />
          <Deserted wall={wall} />
          {wall.cards.value.length > 0 && <Tools wall={wall} />}
          <Content wall={wall} painter={painter} onWatch={watch} />
        </section>
        {card && <Side wall={wall} painter={painter} card={card} onHint={() => void (hinting.value = card)} onClose={() => void (wall.selected.value = null)} />}
      </div>
      <p class="toasts" role="status">{wall.said.value && <span class="notice">{wall.said.value}</span>}</p>
      {leading.value === "bring" && <BringDialog wall={wall} card={card} onClose={() => void (leading.value = null)} />}
      {leading.value === "present" && <PresentDialog wall={wall} onClose={() => void (leading.value = null)} />}
      {hinting.value && <HintDialog card={hinting.value} onSend={(text) => wall.hint(hinting.value as Card, text)} onClose={() => void (hinting.value = null)} />}
    </>
  );
}

function Content({ wall, painter, onWatch }: { wall: WallState; painter: Painter; onWatch: (card: Card) => void }): JSX.Element {
  if (!wall.roster.value.loaded) return <p class="wall-wait" role="status">{wall.connection.value === "lost" ? "" : "Fetching everybody’s cluster…"}</p>;
  if (wall.cards.value.length === 0) return <Empty wall={wall} />;
  return <Grid wall={wall} painter={painter} onWatch={onWatch} onHint={(card) => void (hinting.value = card)} />;
}

function Empty({ wall }: { wall: WallState }): JSX.Element {
  const { code, joinUrl, open, lesson } = wall.theClass.value;
  if (!open) return <div class="empty"><h2>This class is closed</h2><p>Nobody can join it. Open it again on the page of the class.</p></div>;
  return (
    <section class="wall-empty" aria-labelledby="wall-empty-title">
      <h2 id="wall-empty-title">Nobody has joined yet</h2>
      <p>Learners type this code on the home page:</p>
      <p class="big-code">{code}</p>
      <p class="wall-link">or open <a href={joinUrl}>{joinUrl}</a></p>
      <p class="row"><button type="button" class="btn" data-copy={code}>Copy the code</button><button type="button" class="btn" data-copy={joinUrl}>Copy the link</button></p>
      <h3>What happens next</h3>
      <ol>
        <li>Whoever joins gets a cluster of their own{lesson ? <> and the first step of “{lesson.title}”</> : null}, and a card here at once.</li>
        <li>A card shows the cluster as it is now, the step, and the last thing that was done.</li>
        <li>Who asks for help, or is stuck, comes first. Choose a card to look closer, watch, or send a hint.</li>
      </ol>
    </section>
  );
}

/** Everybody is known and nobody is here: the code again, for those who come back. */
function Deserted({ wall }: { wall: WallState }): JSX.Element | null {
  const { code, joinUrl, open } = wall.theClass.value;
  const { connected, all } = wall.summary.value;
  if (!open || connected > 0 || all === 0 || wall.connection.value !== "open") return null;
  return <div class="notice" role="status"><p>Nobody is here right now. Who comes back goes on where they left; who is new types <code>{code}</code> or opens <a class="wall-link" href={joinUrl}>{joinUrl}</a>.</p></div>;
}

function Presenting({ wall }: { wall: WallState }): JSX.Element | null {
  const { presented, paused } = wall.theClass.value;
  if (!presented && !paused) return null;
  return (
    <p class="notice" role="status">
      {presented && <span>The class follows your cluster <a href={presented.url}>{presented.name}</a>.</span>}
      {paused && <span>The class is paused: every learner’s clock stands still.</span>}
    </p>
  );
}

function Trouble({ wall }: { wall: WallState }): JSX.Element | null {
  const state = wall.connection.value;
  if (state === "open" || state === "connecting") return null;
  const meanwhile = wall.roster.value.loaded ? "what you see is from a moment ago" : "no cluster has been fetched yet";
  return <p class="notice warn" role="status">{state === "ended" ? "This wall is no longer live. Reload the page." : `Not connected: ${meanwhile}. Trying again…`}</p>;
}
