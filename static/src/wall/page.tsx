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
  const { code, joinUrl } = wall.theClass.value;
  return (
    <div class="empty">
      <h2>Nobody has joined yet</h2>
      <p>Say the code aloud, or share the link. Each learner appears here at once.</p>
      <p class="big-code">{code}</p>
      <p>{joinUrl}</p>
    </div>
  );
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
