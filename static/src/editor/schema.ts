/**
 * Schemas of Kubernetes objects as the cluster gives them, and how to walk one along a path.
 * A path is a list of keys, with `ITEM` for "an element of the list".
 */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
}

export const ITEM = "[]";
export type Path = readonly string[];

export interface ObjectKind { readonly apiVersion: string; readonly kind: string }

/** Gives the schema of a kind; null when the cluster does not know the kind, or cannot be asked now. */
export type Schemas = (kind: ObjectKind) => Promise<Schema | null>;

/** Asks once for each kind; a question that got no answer (`undefined`) may be asked again. */
export function remembering(ask: (kind: ObjectKind) => Promise<Schema | null | undefined>): Schemas {
  const known = new Map<string, Promise<Schema | null>>();
  return (kind) => {
    const key = `${kind.apiVersion}/${kind.kind}`;
    const present = known.get(key);
    if (present) return present;
    const asked = ask(kind).then((schema) => {
      if (schema === undefined) known.delete(key);
      return schema ?? null;
    });
    known.set(key, asked);
    return asked;
  };
}

export function schemaAt(schema: Schema, path: Path): Schema | null {
  let here: Schema | undefined = schema;
  for (const step of path) {
    here = step === ITEM ? here.items : fieldOf(here, step);
    if (!here) return null;
  }
  return here;
}

export function fieldOf(schema: Schema, key: string): Schema | undefined {
  const known = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  return known ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
}

/** True when every allowed key is listed, so that another key is a mistake. */
export const isClosed = (schema: Schema): boolean =>
  schema.properties !== undefined && Object.keys(schema.properties).length > 0 && !schema.additionalProperties;

/** The types a value may have; empty when any will do. */
export function typesOf(schema: Schema): readonly string[] {
  if (schema.format === "int-or-string") return ["string", "integer"];
  if (schema.type === undefined) return [];
  return typeof schema.type === "string" ? [schema.type] : schema.type.filter((type) => type !== "null");
}

/** "text", "list of objects": the type in words. */
export function typeWords(schema: Schema): string {
  const words: Record<string, string> = { string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "object", array: "list" };
  const types = typesOf(schema).map((type) => words[type] ?? type);
  if (schema.items && types[0] === "list") return `list of ${plural(typesOf(schema.items)[0])}`;
  return types.join(" or ") || "any value";
}

function plural(type: string | undefined): string {
  const words: Record<string, string> = { string: "texts", integer: "whole numbers", number: "numbers", boolean: "true or false", object: "objects", array: "lists" };
  return words[type ?? ""] ?? "values";
}
