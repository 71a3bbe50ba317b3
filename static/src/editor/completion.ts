/**
 * What may be written at a place: the fields of the object (required ones first, those already there left out), allowed values,
 * and the kinds while a document has none. Pure: place and schema in, options out; `edit` says what choosing one writes.
 */
import { kindsOf, versions } from "./kinds";
import type { Place } from "./place";
import { fieldOf, schemaAt, typesOf, typeWords, type ObjectKind, type Schema } from "./schema";

export interface Choice {
  readonly label: string;
  readonly detail: string;
  readonly info: string;
  readonly required: boolean;
  /** What is written instead of the word. */
  readonly edit: string;
}

const generic = ["apiVersion", "kind", "metadata"] as const;

export function choicesAt(place: Place, schema: Schema | null): Choice[] {
  const top = place.path[0];
  if (place.role === "value" && place.path.length === 1 && top === "kind") return kindChoices(kindsOf(place.kind.apiVersion));
  if (place.role === "value" && place.path.length === 1 && top === "apiVersion") return versionChoices(place);
  if (!schema) return place.role === "key" && place.path.length === 0 ? genericChoices(place) : [];
  const here = schemaAt(schema, place.path);
  if (!here) return [];
  return place.role === "key" ? fieldChoices(here, place) : valueChoices(here);
}

function fieldChoices(schema: Schema, place: Place): Choice[] {
  const required = new Set(schema.required ?? []);
  const present = new Set(place.siblings);
  const names = Object.keys(schema.properties ?? {}).filter((name) => !present.has(name) && !(place.path.length === 0 && name === "status"));
  const choices = names.map((name) => fieldChoice(name, fieldOf(schema, name) ?? {}, required.has(name), place.indent));
  return choices.sort((a, b) => Number(b.required) - Number(a.required) || (a.label < b.label ? -1 : 1));
}

function fieldChoice(name: string, field: Schema, required: boolean, indent: number): Choice {
  const detail = required ? `${typeWords(field)}, required` : typeWords(field);
  return { label: name, detail, info: field.description ?? "", required, edit: `${name}:${opening(field, indent)}` };
}

/** What follows a key: a new indented row for an object, a first dash for a list, a space for anything else. */
function opening(field: Schema, indent: number): string {
  const type = typesOf(field)[0];
  if (type === "object") return `\n${" ".repeat(indent + 2)}`;
  if (type === "array") return `\n${" ".repeat(indent)}- `;
  return " ";
}

function valueChoices(schema: Schema): Choice[] {
  const values = schema.enum ?? (typesOf(schema).includes("boolean") ? [true, false] : []);
  return values.map((value) => plain(String(value), "", schema.description ?? ""));
}

function kindChoices(kinds: readonly ObjectKind[]): Choice[] {
  return kinds.map(({ kind, apiVersion }) => plain(kind, apiVersion, ""));
}

function versionChoices(place: Place): Choice[] {
  const fitting = kindsOf(undefined).filter(({ kind }) => kind === place.kind.kind).map(({ apiVersion }) => apiVersion);
  return (fitting.length > 0 ? fitting : versions).map((version) => plain(version, "", ""));
}

function genericChoices(place: Place): Choice[] {
  return generic
    .filter((name) => !place.siblings.includes(name))
    .map((name) => ({ ...plain(name, "required", ""), required: true, edit: name === "metadata" ? "metadata:\n  name: " : `${name}: ` }));
}

const plain = (label: string, detail: string, info: string): Choice => ({ label, detail, info, required: false, edit: label });
