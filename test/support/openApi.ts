/** Checks the service's answers against its own OpenAPI document. */
import { createSchemaDocument } from "./jsonSchema.ts";

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

/** Finds every way in which an answer violates the document. */
export type CheckAnswer = (answer: AnswerToCheck) => readonly string[];

const checks = new Map<string, CheckAnswer>();

/** The sandboxes of a test file have the same document, whose schemas are compiled once. */
export function checkOf(text: string): CheckAnswer {
  const check = checks.get(text) ?? createCheck(JSON.parse(text));
  checks.set(text, check);
  return check;
}

export function createCheck(document: OpenApi): CheckAnswer {
  const schemas = createSchemaDocument(document);
  return ({ method, path, status, contentType, body }) => {
    const what = `${method} ${path} ${status}`;
    const template = findPath(document, path.split("?")[0] ?? "");
    const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
    // The host, not the app, answers requests without a route.
    if (template === undefined || !operation)
      return status === 404 || status === 405 ? [] : [`${what}: the document has no such route`];
    // An internal error can happen anywhere; all other statuses are documented per route.
    const documented = status in operation.responses || status < 500 ? String(status) : "default";
    const response = operation.responses[documented];
    if (!response) return [`${what}: the document has no such status (${JSON.stringify(body)})`];
    if (!response.content)
      return body === undefined || isEmpty(body) ? [] : [`${what}: the document says nothing of a body`];
    const type = contentType?.split(";")[0] ?? "";
    if (!response.content[type]) return [`${what}: the document has no content type "${type}"`];
    if (!/json$/.test(type)) return [];
    const way = ["paths", template, method.toLowerCase(), "responses", documented, "content", type, "schema"];
    return schemas.validate(way, body).map((problem) => `${what}: ${problem}`);
  };
}

/** The matching path with the fewest parameters, as a router chooses. */
function findPath({ paths }: OpenApi, path: string): string | undefined {
  const fits = Object.keys(paths).filter((template) =>
    new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path),
  );
  const [best] = fits.toSorted((a, b) => a.split("{").length - b.split("{").length);
  return best;
}

function isEmpty(body: unknown): boolean {
  return typeof body === "object" && body !== null && Object.keys(body).length === 0;
}
