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
  /** The kinds of an entry, each with settings of its own. */
  readonly oneOf?: readonly SettingSchema[];
}

/** The settings of an entry of any kind, as if they were of one: with the values of all kinds, required where all require it. */
export function withAllKinds(schema: SettingSchema): SettingSchema {
  const { oneOf, ...rest } = schema;
  if (!oneOf) return schema;
  const kinds = oneOf.flatMap(alternativesOf);
  const names = [...new Set(kinds.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const alternatives = (name: string) => kinds.flatMap(({ properties = {} }) => properties[name] ?? []);
  return {
    ...rest,
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, joined(alternatives(name))])),
    required: names.filter((name) => kinds.every(({ required = [] }) => required.includes(name))),
  };
}

/** The settings of the kind that an entry says it is. */
export function settingsOfKind(schema: SettingSchema, entry: unknown): SettingSchema {
  const given = typeof entry === "object" && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {};
  const isOf = ({ properties = {}, required = [] }: SettingSchema) =>
    Object.entries(properties).every(
      ([name, { const: only }]) =>
        only === undefined || given[name] === only || (given[name] === undefined && !required.includes(name)),
    );
  return alternativesOf(schema).find(isOf) ?? withAllKinds(schema);
}

/** Kinds that have much in common are alternatives of their own. */
function alternativesOf(schema: SettingSchema): readonly SettingSchema[] {
  return schema.oneOf ? schema.oneOf.flatMap(alternativesOf) : [schema];
}

function joined(alternatives: readonly SettingSchema[]): SettingSchema {
  const { const: only, ...first } = alternatives[0] ?? {};
  const items = alternatives.flatMap((each) => each.items ?? []);
  const values = alternatives.flatMap((each) => each.enum ?? (each.const === undefined ? [] : [each.const]));
  return {
    ...first,
    ...(values.length > 0 ? { enum: [...new Set(values)] } : {}),
    ...(items.length > 0 ? { items: joined(items) } : {}),
  };
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
  const { properties = {}, additionalProperties, items } = withAllKinds(schema);
  const name = String(key);
  const named = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const other = typeof additionalProperties === "object" ? additionalProperties : items;
  const next = named ?? other;
  return next === undefined ? schema : settingAt(next, rest);
}
