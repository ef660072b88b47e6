/** The OpenAPI document as HTML: every route, parameter, schema and error code, and nothing that has to be loaded. */
import { z } from "zod";
import { errorCatalogue, isRetried } from "../../domain/errors.ts";
import { escapeHtml } from "../../domain/http/htmlPage.ts";

/** Any schema; what this page does not know of it, it does not show. */
interface Schema {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
}

const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    default: z.unknown().optional(),
    format: z.string().optional(),
    items: Schema.optional(),
    anyOf: z.array(Schema).optional(),
    allOf: z.array(Schema).optional(),
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), Schema]).optional(),
  }),
);
const Content = z.record(z.string(), z.object({ schema: Schema }));
const Operation = z.object({
  operationId: z.string(),
  summary: z.string().default(""),
  description: z.string().optional(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        schema: Schema,
        description: z.string().optional(),
      }),
    )
    .default([]),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: Content.default({}) })),
});
type Operation = z.infer<typeof Operation>;
const Document = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string().default("") }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), Schema).default({}) }).prefault({}),
});

interface Route {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

export function renderDocs(openApi: object): string {
  const { info, paths, components } = Document.parse(JSON.parse(JSON.stringify(openApi)));
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Route => ({ path, method, operation })),
  );
  const schemas = Object.entries(components.schemas);
  return `<nav aria-label="Contents">
<strong>${escapeHtml(info.title)}</strong> <span class="soft">${escapeHtml(info.version)}</span>
<h2>Routes</h2><ol>${routes.map(linkToRoute).join("")}</ol>
<h2>Schemas</h2><ol>${schemas.map(([name]) => `<li><a href="#${schemaId(name)}">${escapeHtml(name)}</a></li>`).join("")}</ol>
<h2>Errors</h2><ol><li><a href="#errors">Error codes</a></li></ol>
</nav>
<main>
<h1>${escapeHtml(info.title)} API</h1>
<p>${escapeHtml(info.description)}</p>
<p class="soft">The same as a machine reads it: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
<h2>Routes</h2>${routes.map(renderRoute).join("")}
<h2>Schemas</h2>${schemas.map(renderSchema).join("")}
<h2 id="errors">Error codes</h2>${renderErrors()}
</main>`;
}

function linkToRoute({ path, method, operation }: Route): string {
  return `<li><a href="#${escapeHtml(operation.operationId)}">${label(method)}<span>${breakable(path.replace(/^\/api/, ""))}</span></a></li>`;
}

/** A long path breaks between its parts, not within a name. */
function breakable(path: string): string {
  return escapeHtml(path).replaceAll("/", "/<wbr>");
}

function renderRoute({ path, method, operation }: Route): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const rows = Object.entries(responses).map(([status, { description: text, content }]) => [
    code(status),
    escapeHtml(text),
    Object.entries(content)
      .map(([type, { schema }]) => `${showType(schema)} <span class="soft">${escapeHtml(type)}</span>`)
      .join("<br>"),
  ]);
  const body = Object.values(requestBody?.content ?? {}).map(({ schema }) => `<h4>Body</h4><p>${showType(schema)}</p>`);
  return `<section class="card" id="${escapeHtml(operationId)}">
<h3>${label(method)} <code>${escapeHtml(path)}</code></h3>
<p>${escapeHtml(summary)}</p>${description === undefined ? "" : `<p class="soft">${escapeHtml(description)}</p>`}
${parameters.length === 0 ? "" : `<h4>Parameters</h4>${table(["name", "in", "type", ""], parameters.map(parameterRow))}`}
${body.join("")}
<h4>Answers</h4>${table(["status", "", "body"], rows)}
</section>`;
}

function parameterRow({ name, in: place, required, schema, description }: Operation["parameters"][0]): string[] {
  const text = description ?? schema.description ?? "";
  return [`${code(name)}${required ? " *" : ""}`, escapeHtml(place), showType(schema), escapeHtml(text)];
}

function renderSchema([name, schema]: [string, Schema]): string {
  const rows = propertiesOf(schema, "").map(([field, property, isRequired]) => [
    `${code(field)}${isRequired ? " *" : ""}`,
    showType(property),
    escapeHtml([property.description, showDefault(property)].filter(Boolean).join(" ")),
  ]);
  return `<section class="card" id="${schemaId(name)}"><h3>${escapeHtml(name)}</h3>
${schema.description === undefined ? "" : `<p>${escapeHtml(schema.description)}</p>`}
${rows.length === 0 ? `<p>${showType(schema)}</p>` : table(["field", "type", ""], rows)}</section>`;
}

/** The fields of an object, and of the objects in it that have no name of their own. */
function propertiesOf(schema: Schema, prefix: string): [name: string, property: Schema, isRequired: boolean][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const inner = property.items?.properties
      ? propertiesOf(property.items, `${path}[].`)
      : propertiesOf(property, `${path}.`);
    return [[path, property, schema.required?.includes(name) ?? false], ...inner];
  });
}

function showType(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return `<a href="#${schemaId(name)}">${escapeHtml(name)}</a>`;
  }
  if (schema.items) return `list of ${showType(schema.items)}`;
  const branches = schema.anyOf ?? schema.allOf;
  if (branches) return branches.map(showType).join(schema.anyOf ? " or " : " and ");
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(" ");
  if (schema.const !== undefined) return code(String(schema.const));
  const type = [schema.type ?? "any"].flat().join(" or ");
  if (typeof schema.additionalProperties === "object" && schema.properties === undefined) {
    return `object of ${showType(schema.additionalProperties)}`;
  }
  return escapeHtml(schema.format === undefined ? type : `${type} (${schema.format})`);
}

function showDefault({ default: value }: Schema): string | undefined {
  return value === undefined ? undefined : `Default: ${JSON.stringify(value)}.`;
}

function renderErrors(): string {
  const rows = Object.entries(errorCatalogue).map(([name, { cause, fix }]) => [
    code(name),
    isRetried(name) ? "yes" : "no",
    escapeHtml(cause),
    escapeHtml(fix),
  ]);
  return table(["code", "retried", "cause", "what to do"], rows);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  const lines = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n");
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${lines}</tbody></table></div>`;
}

function label(method: string): string {
  return `<span class="method ${escapeHtml(method)}">${escapeHtml(method.toUpperCase())}</span>`;
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}

function schemaId(name: string): string {
  return `schema-${encodeURIComponent(name)}`;
}
