/** The catalog as JSON Schema: for editors, for docs/catalog.md, and for what a problem says to do next. */
import { z } from "zod";
import { Catalog } from "./catalog.ts";

/** What is read of a schema here. */
export interface SettingSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SettingSchema | boolean;
  readonly items?: SettingSchema;
  readonly anyOf?: readonly SettingSchema[];
}

/** Of the file as an operator writes it: what has a default may be left out. */
export function catalogSchema(): SettingSchema & Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(Catalog, { io: "input", target: "draft-7" });
  return { $schema, title: "Mooring's catalog", ...schema } as ReturnType<typeof catalogSchema>;
}

/** The schema of the setting at a path, or of the nearest above that there is. */
export function settingAt(schema: SettingSchema, path: readonly PropertyKey[]): SettingSchema {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const { properties = {}, additionalProperties, items } = schema;
  const name = String(key);
  const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const other = typeof additionalProperties === "object" ? additionalProperties : items;
  const next = named ?? other;
  return next === undefined ? schema : settingAt(next, rest);
}
