/** The TypeScript types of the HTTP interface for the dashboard, generated only from the OpenAPI document. */
import { z } from "zod";
import { createOpenApi } from "../src/functions/openapi.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly description?: string;
}

const Content = z.record(z.string(), z.object({ schema: z.custom<Schema>() }));
const Operation = z.looseObject({
  operationId: z.string(),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: Content.optional() })),
});
const Document = z.looseObject({
  components: z.looseObject({ schemas: z.record(z.string(), z.custom<Schema>()) }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});

export function describeTypes(): string {
  const { components, paths } = Document.parse(JSON.parse(JSON.stringify(createOpenApi())));
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const named = Object.entries(components.schemas).map(([name, schema]) => `export type ${name} = ${print(schema)};`);
  const answers = operations.flatMap(({ operationId, responses }) => {
    const schemas = ["200", "202"].flatMap((status) => responses[status]?.content?.["application/json"]?.schema ?? []);
    return schemas.length === 0 ? [] : [`  ${operationId}: ${schemas.map(print).join(" | ")};`];
  });
  return [
    "/** Written by tools/writeDashboardTypes.ts from the OpenAPI document; change that instead. */",
    ...named,
    `/** What each operation answers when it does what it was asked. */\nexport interface Answers {\n${answers.join("\n")}\n}`,
  ].join("\n\n");
}

function print(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1) ?? "unknown";
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  // Beside properties, they say which of these go together.
  const options = schema.properties ? undefined : (schema.anyOf ?? schema.oneOf);
  if (options) return options.map(print).join(" | ");
  if (typeof schema.type === "object") return schema.type.map((type) => print({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case "object":
      return printObject(schema);
    case "array":
      return `readonly (${print(schema.items ?? {})})[]`;
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    default:
      return "unknown";
  }
}

function printObject({ properties, required = [], additionalProperties }: Schema): string {
  if (!properties) {
    const value = typeof additionalProperties === "object" ? print(additionalProperties) : "unknown";
    return `Readonly<Record<string, ${value}>>`;
  }
  if (Object.keys(properties).length === 0) return "object";
  const fields = Object.entries(properties).map(
    ([name, schema]) => `readonly ${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${print(schema)}`,
  );
  return `{ ${fields.join("; ")} }`;
}
