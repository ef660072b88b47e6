/** Every change by the dashboard carries the version that was seen and an idempotency key. */
import type { BrowserContext } from "playwright-core";

export interface Change {
  /** `POST /api/operations/{id}/cancel` */
  readonly kind: string;
  /** The required headers that are missing. */
  readonly lacking: readonly string[];
}

/** Reports every request by which a page of the context changes something. */
export function onChanges(context: BrowserContext, tell: (change: Change) => void): void {
  context.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    if (request.method() === "GET" || !pathname.startsWith("/api/") || searchParams.get("dryRun") === "true") return;
    tell({ kind: `${request.method()} ${kindOf(pathname)}`, lacking: lackingIn(request.headers()) });
  });
}

function lackingIn(headers: Readonly<Record<string, string>>): readonly string[] {
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
