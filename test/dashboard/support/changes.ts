/** Every change of the dashboard carries what was seen and an idempotency key: of all that its pages send, nothing is left out. */
import type { BrowserContext, Request } from "playwright-core";

export interface Changes {
  /** `POST /api/operations/{id}/cancel`, each once. */
  readonly kinds: Set<string>;
  /** Those that lack something, and what. */
  readonly incomplete: string[];
}

export function recordChanges(context: BrowserContext, { kinds, incomplete }: Changes): void {
  context.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (request.method() === "GET" || !pathname.startsWith("/api/") || searchParams.get("dryRun") === "true") return;
    const kind = `${request.method()} ${kindOf(pathname)}`;
    kinds.add(kind);
    const lacking = lackingIn(request.headers());
    if (lacking.length > 0) incomplete.push(`${kind} has no ${lacking.join(", no ")}`);
  });
}

function lackingIn(headers: Readonly<ReturnType<Request["headers"]>>): readonly string[] {
  const isSeen = /^".+"$/.test(headers["if-match"] ?? "") || headers["if-none-match"] === "*";
  return [
    ...(isSeen ? [] : ["If-Match or If-None-Match"]),
    ...(/^[\da-f-]{36}$/.test(headers["idempotency-key"] ?? "") ? [] : ["Idempotency-Key"]),
  ];
}

function kindOf(path: string): string {
  if (path === "/api/namespaces/batch") return path;
  return path
    .replace(/^\/api\/operations\/[^/]+/, "/api/operations/{id}")
    .replace(/^\/api\/namespaces\/[^/]+\/[^/]+/, "/api/namespaces/{cluster}/{namespace}");
}
