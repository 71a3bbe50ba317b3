/** The legend of pod phases, drawn with the same signs as the stage. */
import { LEGEND, PHASES, Swatch } from "../draw/glyphs";

export function Legend() {
  return (
    <div class="legend" role="group" aria-label="Pod phases">
      {LEGEND.map((phase) => <span key={phase}><Swatch phase={phase} />{PHASES[phase].words}</span>)}
    </div>
  );
}
