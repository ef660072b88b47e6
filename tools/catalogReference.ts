/** The text of docs/catalog.md for each setting, and the JSON Schema for editors. */
import { catalogSchema, type SettingSchema, withAllKinds } from "../src/domain/catalog/catalogSchema.ts";

export const schemaFile = "mooring.schema.json";

export function printCatalogSchema(): string {
  return `${JSON.stringify(catalogSchema(), null, 2)}\n`;
}

/** What is at the top, then each section with its settings. */
export function describeCatalog(): string {
  const settings = settingsOf(catalogSchema(), "");
  const sections = new Map<string, Setting[]>([["The file", []]]);
  for (const setting of settings) {
    const [section = "", ...below] = setting.path.split(".");
    const name = below.length === 0 ? "The file" : `\`${section.replace("[]", "")}\``;
    sections.set(name, [...(sections.get(name) ?? []), { ...setting, path: below.join(".") || section }]);
  }
  return [...sections].map(([name, each]) => [`### ${name}`, "", ...each.map(lineOf)].join("\n")).join("\n\n");
}

function lineOf({ path, schema, isRequired }: Setting): string {
  const facts = [valuesOf(schema), isRequired ? "required" : defaultOf(schema)].filter(Boolean).join("; ");
  return `- \`${path.replace(/^<name>\./, "")}\`${facts && ` (${facts})`}: ${(schema.description ?? "").replaceAll(" Since 0.2.0.", "")}`;
}

export interface Setting {
  readonly path: string;
  readonly schema: SettingSchema;
  readonly isRequired: boolean;
}

/** Every named setting, including those below an alias, such as `clusters.<alias>.location`. */
export function settingsOf(schema: SettingSchema, place: string): readonly Setting[] {
  const { properties = {}, required = [], additionalProperties, items } = withAllKinds(schema);
  const named = Object.entries(properties).flatMap(([name, each]) => {
    const path = place === "" ? name : `${place}.${name}`;
    return [{ path, schema: each, isRequired: required.includes(name) }, ...settingsOf(each, path)];
  });
  const others = typeof additionalProperties === "object" ? settingsOf(additionalProperties, `${place}.<name>`) : [];
  return [...named, ...others, ...(items ? settingsOf(items, `${place}[]`) : [])];
}

function valuesOf({ type, enum: values, const: only, items, anyOf, additionalProperties }: SettingSchema): string {
  if (anyOf) return anyOf.map((each) => valuesOf(each) || "text").join(", or ");
  if (only !== undefined) return `\`${only}\``;
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (type === "array") return `list of ${(items && valuesOf(items)) || "text"}`;
  if (type === "object") return typeof additionalProperties === "object" ? "by name" : "";
  return type === "string" ? "" : (type ?? "");
}

function defaultOf({ default: value, type }: SettingSchema): string {
  return value === undefined || type === "object" ? "" : `default \`${JSON.stringify(value)}\``;
}
