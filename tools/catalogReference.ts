/** The text of docs/catalog.md for each setting, and the JSON Schema for editors. */
import { catalogSchema, type SettingSchema, withAllKinds } from "../src/domain/catalog/catalogSchema.ts";

export const schemaFile = "mooring.schema.json";

export function printCatalogSchema(): string {
  return `${JSON.stringify(catalogSchema(), null, 2)}\n`;
}

export function describeCatalog(): string {
  const rows = settingsOf(catalogSchema(), "").map(({ path, schema, isRequired }) =>
    [`\`${path}\``, valuesOf(schema), isRequired ? "required" : defaultOf(schema), schema.description ?? ""].join(
      " | ",
    ),
  );
  return ["| setting | value | default | |", "|---|---|---|---|", ...rows.map((row) => `| ${row} |`)].join("\n");
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
  if (anyOf) return anyOf.map(valuesOf).join(", or ");
  if (only !== undefined) return `\`${only}\``;
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (type === "array") return `list of ${items === undefined ? "anything" : valuesOf(items)}`;
  if (type === "object") return typeof additionalProperties === "object" ? "by name" : "settings";
  return type === "string" ? "text" : (type ?? "");
}

function defaultOf({ default: value, type }: SettingSchema): string {
  return value === undefined || type === "object" ? "" : `\`${JSON.stringify(value)}\``;
}
