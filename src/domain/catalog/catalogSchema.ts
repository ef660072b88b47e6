/** The catalog as JSON Schema: for editors, for docs/catalog.md, and for the advice that a problem comes with. */
import { z } from "zod";
import { Catalog } from "./catalog.ts";

/** The parts of a schema that are read here. */
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

/** The schema of the file as an operator writes it: settings with a default are optional. */
export function catalogSchema(): SettingSchema & Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(Catalog, { io: "input", target: "draft-7" });
  return { $schema, title: "Mooring's catalog", ...schema } as ReturnType<typeof catalogSchema>;
}

/** The schema of the setting at a path, or of its nearest known ancestor. */
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
