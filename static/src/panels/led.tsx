/**
 * What the instructor does with the whole class, said above the stage: a pause, a step everybody was brought to, a cluster to follow.
 *
 * Promise: takes no room while nothing of that is so; what was done to the learner's own work is said with where it is now.
 */
import type { ComponentChildren } from "preact";
import type { Session } from "../session";

export function Led({ session }: { session: Session }) {
  const { follow } = session.boot;
  const [held, presented, brought] = [session.held.value, session.presented.value, session.brought.value];
  return (
    <div class="led" role="status">
      {follow ? <Line>You are following {follow.by}’s cluster: look at everything, nothing you do changes it. <a class="btn small" href={follow.back}>Back to my cluster</a></Line> : null}
      {presented ? <Line>{presented.by} is presenting “{presented.name}”. <a class="btn small" href={presented.url}>Follow</a></Line> : null}
      {held !== null ? <Line>{held} has paused the class. Time goes on when the pause is over.</Line> : null}
      {brought ? (
        <Line>
          {brought.from} has brought you to “{brought.title}”.{brought.kept ? <> What you did before is kept under <a href="/clusters/">Clusters</a> as “{brought.kept}”.</> : null}
          <button type="button" class="btn small" onClick={() => { session.brought.value = null; }}>Got it</button>
        </Line>
      ) : null}
    </div>
  );
}

const Line = ({ children }: { children: ComponentChildren }) => <p class="led-line">{children}</p>;
