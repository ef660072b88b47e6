/** Every change by the dashboard is of a known kind, and carries the version that was seen and an idempotency key. */
import type { BrowserContext, Page, Request } from "playwright-core";

/** Each is made in a test, which waits for it with `changeBy`. */
const kinds = [
  "POST /api/onboardings",
  "POST /api/operations/{id}/approve",
  "POST /api/operations/{id}/reject",
  "POST /api/operations/{id}/cancel",
  "POST /api/operations/{id}/compensate",
  "POST /api/namespaces/{cluster}/{namespace}/verify",
  "POST /api/namespaces/{cluster}/{namespace}/repair",
  "POST /api/namespaces/{cluster}/{namespace}/migrate",
  "DELETE /api/namespaces/{cluster}/{namespace}",
  "POST /api/namespaces/batch",
] as const;

/** Tells what is wrong with a request by which a page of the context changes something. */
export function watchChanges(context: BrowserContext, complain: (complaint: string) => void): void {
  context.on("request", (request) => {
    if (!isChange(request)) return;
    const kind = kindOf(request);
    if (!kinds.some((each) => each === kind)) complain(`${kind} is a change that no test knows`);
    for (const header of lackingIn(request.headers())) complain(`${kind} has no ${header}`);
  });
}

/** Waits until the page makes such a change. */
export async function changeBy(page: Page, kind: (typeof kinds)[number]): Promise<Request> {
  return await page.waitForRequest((request) => isChange(request) && kindOf(request) === kind);
}

function isChange(request: Request): boolean {
  const { pathname, searchParams } = new URL(request.url());
  return request.method() !== "GET" && pathname.startsWith("/api/") && searchParams.get("dryRun") !== "true";
}

function kindOf(request: Request): string {
  const { pathname } = new URL(request.url());
  const path = pathname
    .replace(/^\/api\/operations\/[^/]+/, "/api/operations/{id}")
    .replace(/^\/api\/namespaces\/[^/]+\/[^/]+/, "/api/namespaces/{cluster}/{namespace}");
  return `${request.method()} ${path}`;
}

function lackingIn(headers: Readonly<Record<string, string>>): readonly string[] {
  const isSeen = /^".+"$/.test(headers["if-match"] ?? "") || headers["if-none-match"] === "*";
  return [
    ...(isSeen ? [] : ["If-Match or If-None-Match"]),
    ...(/^[\da-f-]{36}$/.test(headers["idempotency-key"] ?? "") ? [] : ["Idempotency-Key"]),
  ];
}
