/** The tables of the visual language (front-end design, section 7), computed from tokens.css: axe cannot judge text over drawings. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ciede2000, contrast, difference, parseHex, type Rgb, type Sight } from "./colour";

type Theme = "light" | "dark";
const css = readFileSync("src/styles/tokens.css", "utf8");
const pairs = new Map([...css.matchAll(/^\s*--([\w-]+): light-dark\((#[0-9a-f]{3,8}), (#[0-9a-f]{3,8})\);/gm)].map(([, name, light, dark]) => [name ?? "", { light: light ?? "", dark: dark ?? "" }]));

function colour(token: string, theme: Theme): Rgb {
  const pair = pairs.get(token);
  assert.ok(pair, `tokens.css has no --${token}`);
  return parseHex(pair[theme]);
}

const themes: readonly Theme[] = ["light", "dark"];
const grounds = ["paper", "surface", "raised", "sunken", "sky", "sea"];
const least = (token: string, on: readonly string[], theme: Theme): number => Math.min(...on.map((ground) => contrast(colour(token, theme), colour(ground, theme))));

test("the arithmetic agrees with published pairs", () => {
  assert.equal(contrast(parseHex("#fff"), parseHex("#000")), 21);
  assert.equal(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485]).toFixed(4), "2.0425");
  assert.equal(ciede2000([50, 2.5, 0], [73, 25, -18]).toFixed(4), "27.1492");
  assert.equal(ciede2000([22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619]).toFixed(4), "2.0373");
});
test("every colour of the file was read", () => assert.equal(pairs.size, (css.match(/light-dark\(/g) ?? []).length));

/** Words on every ground, lines and edges on the grounds they are drawn on; least contrast light, dark. */
const table: readonly [token: string, on: readonly string[], light: number, dark: number][] = [
  ["ink", grounds, 12.5, 12.9],
  ["ink-2", grounds, 6.1, 8.2],
  ["ink-3", grounds, 4.7, 5.8],
  ["line-2", ["paper", "surface", "raised", "sky"], 3.2, 3.4],
  ["brand", grounds, 4.6, 7.1],
  ["lane", grounds, 5.1, 6.9],
  ["brand-ink", ["brand"], 5.8, 8.7],
  ["ink", ["brand-soft", "lane-soft"], 4.5, 4.5],
  ["failed-ink", [...grounds, "failed-s", "brand-soft"], 4.5, 4.5],
  ["focus", grounds, 3, 3],
  ["term-ink", ["term"], 7, 7],
  ...["dim", "prompt", "running", "creating", "leaving", "pending", "failed"].map((name) => [`term-${name}`, ["term"], 4.5, 4.5] as [string, string[], number, number]),
  ...["key", "string", "number"].map((name) => [`code-${name}`, ["surface", "brand-soft"], 4.5, 4.5] as [string, string[], number, number]),
  ...[1, 2, 3].map((n) => [`ns${n}-m`, [`ns${n}`], 5.3, 7.8] as [string, string[], number, number]),
];
for (const [token, on, ...wanted] of table) {
  for (const [i, theme] of themes.entries()) {
    test(`${token} on ${on.join(", ")} in ${theme}`, () => {
      const found = least(token, on, theme);
      assert.ok(found >= (wanted[i] ?? 0) - 0.05, `contrast of --${token} on ${on.join(", ")} (${theme}): found ${found.toFixed(2)}, wanted ${wanted[i]}`);
    });
  }
}

const glyphs: readonly [phase: string, light: number, dark: number][] = [["running", 4.8, 8.6], ["pending", 7.5, 9.8], ["creating", 6.4, 5.8], ["failed", 5.4, 5.3], ["done", 11.4, 4.6], ["leaving", 6.4, 6.7]];
for (const [phase, ...wanted] of glyphs) {
  for (const [i, theme] of themes.entries()) {
    test(`the glyph and the edge of ${phase} in ${theme}`, () => {
      assert.ok(least(`${phase}-g`, [phase], theme) >= (wanted[i] ?? 0) - 0.05);
      assert.ok(least(`${phase}-e`, ["surface", `${phase}-s`], theme) >= 3);
      assert.ok(least("ink", [`${phase}-s`], theme) >= 4.5);
    });
  }
}

const sights: readonly [sight: Sight, light: number, dark: number][] = [["normal", 23, 20], ["protan", 22, 18], ["deutan", 21, 18], ["tritan", 19, 16]];
const fills = glyphs.map(([phase]) => phase);
for (const [sight, ...wanted] of sights) {
  for (const [i, theme] of themes.entries()) {
    test(`any two phases differ under ${sight} sight in ${theme}`, () => {
      const differences = fills.flatMap((a, at) => fills.slice(at + 1).map((b) => [difference(colour(a, theme), colour(b, theme), sight), `${a} and ${b}`] as const));
      const [smallest = 0, names = ""] = differences.reduce((x, y) => (y[0] < x[0] ? y : x));
      assert.ok(smallest >= (wanted[i] ?? 0) - 0.5, `${names} (${theme}, ${sight}): found ${smallest.toFixed(1)}, wanted ${wanted[i]}`);
    });
  }
}
