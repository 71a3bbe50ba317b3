/**
 * A chain of causes, from the thing back to its root; each hop leads to its moment.
 *
 * Promise: the sentences are the cluster's own; nothing in them is read as HTML.
 */
import { clockText } from "../protocol/clock";
import type { Hop } from "../protocol/shapes";
import type { Session } from "../session";
import { captionParts } from "./caption";

export function Why({ hops, session }: { hops: readonly Hop[]; session: Session }) {
  if (hops.length === 0) return <p class="muted">It has been there since the cluster was made.</p>;
  return (
    <ol class="why-list">
      {hops.map((hop, i) => (
        <li key={hop.ev}>
          <button type="button" class="why-hop" onClick={() => session.seek(hop.at)} title="Look at this moment">
            <span class="muted">{i === 0 ? "" : "because "}</span>{captionParts(hop.say, [hop.name])} <span class="when">{clockText(hop.at)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
