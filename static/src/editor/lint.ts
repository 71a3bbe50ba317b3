/**
 * Checks manifests against the cluster's schemas: broken YAML, unknown fields, wrong types, values not allowed, missing fields.
 * Loaded lazily, for it brings the YAML parser along. What only the cluster can know (names, quotas, rules across fields) it
 * leaves to the cluster.
 */
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Document, type ParsedNode, type Tags, type YAMLMap } from "yaml";
import { isKnown, kinds, kindsOf } from "./kinds";
import type { Problem } from "./problems";
import { fieldOf, isClosed, typesOf, typeWords, type ObjectKind, type Schema, type Schemas } from "./schema";
import { nearest } from "./suggest";

const mostProblems = 200;

export async function lint(text: string, schemas: Schemas): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const document of documentsOf(text)) {
    problems.push(...syntaxProblems(document));
    const root = document.contents;
    if (root !== null) problems.push(...(await objectProblems(root, schemas)));
  }
  return problems.slice(0, mostProblems);
}

function documentsOf(text: string): Document.Parsed[] {
  const documents = parseAllDocuments(text, { version: "1.1", uniqueKeys: true, customTags: (tags) => tags.filter(isRead) });
  return Array.isArray(documents) ? documents : [];
}

/** The cluster reads YAML 1.1 (`yes` is true), but knows no times of day, dates or other types beyond JSON. */
function isRead(tag: Tags[number]): boolean {
  return typeof tag === "string" || (tag.format !== "TIME" && /:(null|bool|int|float|str|map|seq|merge)$/.test(tag.tag));
}

function syntaxProblems(document: Document.Parsed): Problem[] {
  return document.errors.map(({ message, pos }) => {
    const sentence = message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? message;
    return { from: pos[0], to: Math.max(pos[1], pos[0] + 1), message: sentence, brief: sentence, severity: "error" as const };
  });
}

async function objectProblems(root: ParsedNode, schemas: Schemas): Promise<Problem[]> {
  if (!isMap(root)) return [at(root, `A manifest is an object with apiVersion, kind and metadata, found ${found(root)}.`, "Not an object")];
  const kind = kindOf(root);
  if (!kind.apiVersion || !kind.kind) {
    const missing = !kind.apiVersion ? "apiVersion" : "kind";
    return [startOf(root, `${missing} is missing: it says what this object is.`, `${missing} is missing`)];
  }
  const { apiVersion, kind: name } = kind;
  if (apiVersion === "v1" && name === "List") return []; // several objects that kubectl gave at once
  if (!isKnown({ apiVersion, kind: name })) return [unknownKind(root, apiVersion, name)];
  const schema = await schemas({ apiVersion, kind: name });
  if (!schema) return [];
  const problems: Problem[] = [];
  check(root, schema, "", problems);
  return problems;
}

/** Only a warning: a cluster may serve kinds of its own. */
function unknownKind(root: YAMLMap.Parsed, apiVersion: string, kind: string): Problem {
  const elsewhere = kinds.find((other) => other.kind === kind);
  const meant = nearest(kind, kindsOf(apiVersion).map((other) => other.kind)) ?? nearest(kind, kinds.map((other) => other.kind));
  const [key, fix] = elsewhere ? ["apiVersion", elsewhere.apiVersion] : ["kind", meant];
  const question = fix ? ` Did you mean ${fix}?` : "";
  const value = root.get(key, true) as ParsedNode;
  return { ...at(value, `Kubernetes 1.33 has no kind "${kind}" in "${apiVersion}".${question}`, question.trim() || "Unknown kind"), severity: "warning", ...(fix && { fix }) };
}

function kindOf(root: YAMLMap.Parsed): Partial<ObjectKind> {
  const text = (key: string): string => {
    const value: unknown = root.get(key);
    return typeof value === "string" ? value : "";
  };
  return { apiVersion: text("apiVersion"), kind: text("kind") };
}

function check(node: ParsedNode | null, schema: Schema, path: string, problems: Problem[]): void {
  if (!node || isNull(node)) return; // an empty value means "not set" in a manifest
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => hasType(node, type))) {
    problems.push(at(node, `${path || "The object"} wants ${article(typeWords(schema))}, found ${found(node)}.`, `Wants ${article(typeWords(schema))}`));
    return;
  }
  if (isMap(node)) checkFields(node as YAMLMap.Parsed, schema, path, problems);
  if (isSeq(node) && schema.items) {
    for (const [i, item] of node.items.entries()) check(item as ParsedNode, schema.items, `${path}[${i}]`, problems);
  }
  checkValue(node, schema, path, problems);
}

function checkFields(map: YAMLMap.Parsed, schema: Schema, path: string, problems: Problem[]): void {
  const allowed = Object.keys(schema.properties ?? {});
  const present = new Set<string>();
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (name === "<<") continue;
    present.add(name);
    const field = fieldOf(schema, name);
    if (field) check(value, field, path ? `${path}.${name}` : name, problems);
    else if (path === "" && name === "status") continue; // what the cluster says of an object it gave; nobody minds it in a manifest
    else if (isClosed(schema)) problems.push(unknownField(key, name, path, allowed.filter((other) => !map.has(other))));
  }
  for (const name of schema.required ?? []) {
    if (!present.has(name)) problems.push(startOf(map, `${path ? `${path}.` : ""}${name} is required and missing.`, `${name} is missing`));
  }
}

function unknownField(key: ParsedNode, name: string, path: string, allowed: readonly string[]): Problem {
  const meant = nearest(name, allowed);
  const where = path ? ` in ${path}` : "";
  const question = meant ? ` Did you mean ${meant}?` : "";
  return { ...at(key, `Unknown field "${name}"${where}.${question}`, meant ? `Did you mean ${meant}?` : "Unknown field"), ...(meant && { fix: meant }) };
}

function checkValue(node: ParsedNode, schema: Schema, path: string, problems: Problem[]): void {
  if (!schema.enum || !isScalar(node) || schema.enum.includes(node.value)) return;
  const allowed = schema.enum.map(String);
  const meant = nearest(String(node.value), allowed);
  const question = meant ? ` Did you mean ${meant}?` : "";
  problems.push({
    ...at(node, `${path} may be ${allowed.join(", ")}; found ${found(node)}.${question}`, meant ? `Did you mean ${meant}?` : `May be ${allowed.join(", ")}`),
    ...(meant && { fix: meant }),
  });
}

function hasType(node: ParsedNode, type: string): boolean {
  if (type === "object") return isMap(node);
  if (type === "array") return isSeq(node);
  if (!isScalar(node)) return isAlias(node); // what an alias stands for is checked where it is written
  const { value } = node;
  if (type === "integer") return Number.isInteger(value) || typeof value === "bigint";
  if (type === "number") return typeof value === "number";
  return typeof value === type;
}

const isNull = (node: ParsedNode): boolean => isScalar(node) && node.value === null;

function found(node: ParsedNode): string {
  if (isMap(node)) return "an object";
  if (isSeq(node)) return "a list";
  const value = isScalar(node) ? node.value : null;
  if (typeof value === "string") return `the text "${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
  if (typeof value === "number") return `the number ${value}`;
  const written = isScalar(node) ? (node.source ?? "") : "";
  return written === "" || written === String(value) ? String(value) : `${written}, which YAML reads as ${value}`;
}

const article = (words: string): string => (words.startsWith("text") || words === "true or false" || words.startsWith("any") ? words : words.startsWith("object") ? `an ${words}` : `a ${words}`);

function at(node: ParsedNode, message: string, brief: string): Problem {
  const [from, to] = node.range;
  return { from, to: Math.max(to, from + 1), message, brief, severity: "error" };
}

/** For what is missing: the first key of the object, not the whole of it. */
function startOf(map: ParsedNode, message: string, brief: string): Problem {
  const first = isMap(map) ? (map.items[0]?.key as ParsedNode | undefined) : undefined;
  return at(first ?? map, message, brief);
}
