/**
 * The learner's own diagram for their notes: a picture file, and a link that opens the same objects at the same moment.
 *
 * Promise: the file is an SVG that needs nothing else: colours and fonts are written into it, the fleet's canvases are put in as images.
 * Each object keeps its uid (`data-uid`), and the link stands in the picture and in its `metadata`. When no link can be made the picture
 * says why.
 */
import { clockText } from "../protocol/clock";
import type { Session } from "../session";

/** What a drawing looks like without its style sheet. */
const LOOK = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity", "opacity", "visibility", "display",
  "font-family", "font-size", "font-weight", "font-style", "letter-spacing", "text-anchor", "dominant-baseline", "paint-order", "marker-end", "marker-start", "clip-path",
] as const;
const FOOT = 46;
const SVG = "http://www.w3.org/2000/svg";

export interface Saved { svg: string; name: string; link: string | null; why: string }

/** The picture of what is shown now, with a link to it. */
export async function pictureOf(stage: Element, session: Session): Promise<Saved | null> {
  const shown = stage.querySelector(".scene:not(.leaving)") ?? stage.querySelector(".fleet:not(.leaving)");
  if (!shown) return null;
  const state = session.state.peek();
  const moment = { gen: state.gen, at: Math.round(session.now()) };
  const drawing = shown instanceof SVGSVGElement ? styled(shown) : flat(shown);
  const background = getComputedStyle(stage).backgroundColor;
  const outcome = await session.api.past<{ url: string }>({ op: "world", ...moment });
  const link = outcome.ok ? new URL(outcome.value.url, location.href).href : null;
  const why = outcome.ok ? "" : outcome.error.message;
  const { width, height } = shown.getBoundingClientRect();
  const title = `${session.boot.cluster.name}, ${clockText(moment.at)}`;
  const svg = framed(drawing, { faces: await fontFaces(), width, height, title, link, why, background, ink: getComputedStyle(stage).color });
  return { svg, name: `${fileName(session.boot.cluster.name)}-${clockText(moment.at, false).replace(/:/g, "-")}.svg`, link, why };
}

/** Two lines of Markdown for notes. */
export function noteOf({ name, link, why }: Saved): string {
  return `![${name}](${name})\n${link ? `[Open this moment](${link})` : why}\n`;
}

function styled(from: SVGSVGElement): SVGElement {
  const copy = from.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [from.querySelectorAll("*"), copy.querySelectorAll("*")];
  originals.forEach((original, i) => {
    const look = getComputedStyle(original);
    const words = LOOK.map((property) => [property, look.getPropertyValue(property)] as const).filter(([, value]) => value !== "");
    copies[i]!.setAttribute("style", words.map(([property, value]) => `${property}:${value}`).join(";"));
    copies[i]!.removeAttribute("class");
  });
  const group = document.createElementNS(SVG, "g");
  group.append(...copy.childNodes);
  return group;
}

/** The fonts that the page has loaded, as rules that need no other file. One that cannot be read is left out: the picture falls back. */
async function fontFaces(): Promise<string> {
  const loaded = new Set([...document.fonts].filter(({ status }) => status === "loaded").map((face) => [plain(face.family), face.weight, face.style, face.unicodeRange].join()));
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule instanceof CSSFontFaceRule);
  const used = rules.filter(({ style }) => loaded.has([plain(style.getPropertyValue("font-family")), style.getPropertyValue("font-weight") || "normal", style.getPropertyValue("font-style") || "normal", style.getPropertyValue("unicode-range") || "U+0-10FFFF"].join()));
  const written = await Promise.all(used.map(withItsFile));
  return written.join("\n");
}

const plain = (family: string): string => family.replace(/["']/g, "");

async function withItsFile(rule: CSSFontFaceRule): Promise<string> {
  const url = /url\("?([^")]+)"?\)/.exec(rule.style.getPropertyValue("src"))?.[1];
  if (url === undefined) return "";
  try {
    const answer = await fetch(new URL(url, rule.parentStyleSheet?.href ?? location.href));
    if (!answer.ok) return "";
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return rule.cssText.replace(/src:[^;]*;/, `src: url("data:font/woff2;base64,${base64(bytes)}") format("woff2");`);
  } catch {
    return "";
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

function flat(fleet: Element): SVGElement {
  const group = document.createElementNS(SVG, "g");
  for (const canvas of fleet.querySelectorAll("canvas")) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const image = document.createElementNS(SVG, "image");
    image.setAttribute("href", canvas.toDataURL());
    image.setAttribute("width", String(canvas.clientWidth));
    image.setAttribute("height", String(canvas.clientHeight));
    group.append(image);
  }
  return group;
}

interface Frame { faces: string; width: number; height: number; title: string; link: string | null; why: string; background: string; ink: string }

function framed(drawing: SVGElement, { faces, width, height, title, link, why, background, ink }: Frame): string {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("xmlns", SVG);
  picture.setAttribute("viewBox", `0 0 ${width} ${height + FOOT}`);
  picture.setAttribute("width", String(width));
  picture.setAttribute("height", String(height + FOOT));
  picture.append(element("title", {}, title), element("metadata", {}, JSON.stringify({ link, uids: [...drawing.querySelectorAll("[data-uid]")].map((thing) => thing.getAttribute("data-uid")) })));
  picture.append(element("style", {}, faces));
  picture.append(element("rect", { width: "100%", height: "100%", fill: background }, ""), drawing);
  const words = { x: "12", "font-family": "sans-serif", "font-size": "13", fill: ink };
  picture.append(element("text", { ...words, y: String(height + 18), "font-weight": "600" }, title));
  const foot = element("text", { ...words, y: String(height + 36) }, link ? "Open this moment as a cluster of your own" : why);
  if (link) {
    const anchor = element("a", { href: link }, "");
    foot.setAttribute("text-decoration", "underline");
    anchor.append(foot);
    picture.append(anchor);
  } else picture.append(foot);
  return new XMLSerializer().serializeToString(picture);
}

function element(name: string, attributes: Record<string, string>, text: string): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

export const fileName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "cluster";

/** Hands the file to the browser. */
export function download({ svg, name }: Saved): void {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
