/**
 * How wide a text is, without asking a browser: good enough to shorten labels, the same in tests and on every machine.
 *
 * Promise: pure. Widths are of Atkinson Hyperlegible Next (proportional, by class of letter) and Mono (0.62 em); a label that is cut ends
 * in an ellipsis, and the full text stays in the outline and in the tile's title.
 */
const MONO_EM = 0.62;
const NARROW = /[iljtfrI.,:;'|!()[\]/ -]/;
const WIDE = /[mwMWQO@%]/;

export type Face = "sans" | "mono";

export function textWidth(text: string, size: number, face: Face = "sans"): number {
  if (face === "mono") return text.length * size * MONO_EM;
  let em = 0;
  for (const letter of text) em += NARROW.test(letter) ? 0.34 : WIDE.test(letter) ? 0.86 : 0.58;
  return em * size;
}

export function fitText(text: string, room: number, size: number, face: Face = "sans"): string {
  if (textWidth(text, size, face) <= room) return text;
  let kept = text;
  while (kept.length > 1 && textWidth(`${kept}…`, size, face) > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}
