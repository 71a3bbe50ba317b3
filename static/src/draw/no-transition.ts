/**
 * What d3-zoom asks of d3-transition, for a chart that has none: nothing runs, so there is nothing to interrupt. The build puts this in
 * the place of that package, which with its colours, easings and timers would be a tenth of the lab's first load.
 *
 * Promise: zooming and panning are as with the package, as long as nobody asks d3-zoom for a transition; the double click that would is off.
 */
import { selection } from "d3-selection";

(selection.prototype as unknown as { interrupt(): unknown }).interrupt = function <Self>(this: Self): Self { return this; };

export const interrupt = (): void => undefined;
