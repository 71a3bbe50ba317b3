/**
 * A bar between two panes that can be dragged, or moved with the arrow keys.
 *
 * Promise: reports a new size in pixels, clamped; keeps nothing itself. `role="separator"` with its value, so that it can be heard.
 */
export interface SplitterProps {
  label: string;
  /** The pane that is sized lies after the bar: below it, or to its right. */
  direction: "row" | "column";
  size: number;
  least: number;
  most: number;
  onSize(size: number): void;
}

const KEY_STEP = 24;

export function Splitter({ label, direction, size, least, most, onSize }: SplitterProps) {
  const clamp = (value: number) => onSize(Math.round(Math.min(most, Math.max(least, value))));
  const along = (event: PointerEvent) => (direction === "row" ? event.clientY : event.clientX);
  const onPointerDown = (event: PointerEvent) => {
    const bar = event.currentTarget as HTMLElement;
    const [start, before] = [along(event), size];
    bar.setPointerCapture(event.pointerId);
    bar.onpointermove = (move) => clamp(before - (along(move) - start));
    bar.onpointerup = bar.onpointercancel = () => { bar.onpointermove = bar.onpointerup = bar.onpointercancel = null; };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const larger = direction === "row" ? "ArrowUp" : "ArrowLeft";
    const smaller = direction === "row" ? "ArrowDown" : "ArrowRight";
    if (event.key !== larger && event.key !== smaller) return;
    event.preventDefault();
    clamp(size + (event.key === larger ? KEY_STEP : -KEY_STEP));
  };
  return (
    <div class={`splitter ${direction}`} role="separator" tabIndex={0} aria-label={label} aria-orientation={direction === "row" ? "horizontal" : "vertical"}
      aria-valuenow={size} aria-valuemin={least} aria-valuemax={most} onPointerDown={onPointerDown} onKeyDown={onKeyDown} />
  );
}
