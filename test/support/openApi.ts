/** Checks the service's answers against its own OpenAPI document. */
import { validate } from "./jsonSchema.ts";

interface Operation {
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: object }>> }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface AnswerToCheck {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

/** Every way in which an answer violates the document. */
export function checkAnswer(
  document: OpenApi,
  { method, path, status, contentType, body }: AnswerToCheck,
): readonly string[] {
  const what = `${method} ${path} ${status}`;
  const methods = findPath(document, path.split("?")[0] ?? "");
  const operation = methods?.[method.toLowerCase()];
  // The host, not the app, answers requests without a route.
  if (!operation) return status === 404 || status === 405 ? [] : [`${what}: the document has no such route`];
  // An internal error can happen anywhere; all other statuses are documented per route.
  const response = operation.responses[status] ?? (status >= 500 ? operation.responses["default"] : undefined);
  if (!response) return [`${what}: the document has no such status (${JSON.stringify(body)})`];
  if (!response.content)
    return body === undefined || isEmpty(body) ? [] : [`${what}: the document says nothing of a body`];
  const type = contentType?.split(";")[0] ?? "";
  const schema = response.content[type]?.schema;
  if (!schema) return [`${what}: the document has no content type "${type}"`];
  if (!/json$/.test(type)) return [];
  return validate(schema, body, { root: { ...document }, path: "" }).map((problem) => `${what}: ${problem}`);
}

/** The matching path with the fewest parameters, as a router chooses. */
function findPath({ paths }: OpenApi, path: string): OpenApi["paths"][string] | undefined {
  const fits = Object.keys(paths).filter((template) =>
    new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path),
  );
  const [best] = fits.toSorted((a, b) => a.split("{").length - b.split("{").length);
  return best === undefined ? undefined : paths[best];
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length === 0;
}
