/** Completion and hover help, between CodeMirror and the pure parts that know places and schemas. */
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";
import { choicesAt, type Choice } from "./completion";
import { placeAt, type Place } from "./place";
import { fieldOf, schemaAt, typeWords, type Schema, type Schemas } from "./schema";

export function assist(schemas: Schemas): Extension {
  return [autocompletion({ override: [(context) => completions(context, schemas)], icons: false, defaultKeymap: true }), hoverTooltip((view, at) => help(view, at, schemas))];
}

async function completions(context: CompletionContext, schemas: Schemas): Promise<CompletionResult | null> {
  const place = placeAt(context.state.doc.toString(), context.pos);
  if (!place || (!context.explicit && place.word === "" && place.role === "key")) return null;
  const choices = choicesAt(place, await schemaFor(place, schemas));
  return choices.length === 0 ? null : { from: place.from, options: choices.map(option), validFor: /^[\w.\/$-]*$/ };
}

const option = (choice: Choice): Completion => ({
  label: choice.label,
  detail: choice.detail,
  apply: choice.edit,
  boost: choice.required ? 1 : 0,
  ...(choice.info && { info: choice.info }),
});

async function help(view: EditorView, at: number, schemas: Schemas): Promise<Tooltip | null> {
  const text = view.state.doc.toString();
  const row = view.state.doc.lineAt(at);
  const key = /^([\s-]*)([\w.\/$-]+):(\s|$)/.exec(row.text);
  if (!key) return null;
  const from = row.from + (key[1] ?? "").length;
  const to = from + (key[2] ?? "").length;
  if (at < from || at > to) return null;
  const place = placeAt(text, to);
  const schema = place && (await schemaFor(place, schemas));
  const parent = schema && schemaAt(schema, place.path);
  const field = parent && fieldOf(parent, place.word);
  if (!field) return null;
  const required = parent.required?.includes(place.word) ?? false;
  return { pos: from, end: to, above: true, create: () => ({ dom: description(place.word, field, required) }) };
}

function description(name: string, field: Schema, required: boolean): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-doc";
  const title = document.createElement("b");
  title.textContent = name;
  dom.append(title, `  ${typeWords(field)}${required ? ", required" : ""}`);
  if (field.description) dom.append(`\n${field.description}`);
  if (field.enum) dom.append(`\nOne of: ${field.enum.join(", ")}`);
  return dom;
}

async function schemaFor(place: Place, schemas: Schemas): Promise<Schema | null> {
  const { apiVersion, kind } = place.kind;
  return apiVersion && kind ? schemas({ apiVersion, kind }) : null;
}
