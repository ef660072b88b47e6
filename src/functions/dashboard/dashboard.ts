/**
 * The dashboard: one document for all its pages, and its files. They contain nothing that needs authentication; the data
 * comes from the routes below /api, which authenticate the caller.
 */
import type { DashboardSettings } from "../../domain/documents/dashboardSettings.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Answer } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";

/** As src/assets.ts reads them. */
export interface BuiltDashboard {
  readonly template: string;
  readonly files: ReadonlyMap<string, { readonly type: string; readonly body: Uint8Array; readonly gzip: Uint8Array }>;
}

export interface DashboardOptions {
  readonly built: () => BuiltDashboard;
  readonly settings: DashboardSettings;
}

export function registerDashboard(routes: Routes, { built, settings }: DashboardOptions): void {
  const securityHeaders = headersFor(settings);
  let document: string | undefined;
  // The host answers the root itself unless a function takes it, which an empty route does not (azure-functions-host 4638).
  routes.servePage("home", "{none:maxlength(0)?}", async () => ({ status: 302, headers: { location: "dashboard" } }));
  routes.servePage("dashboard", "dashboard/{*path}", async (request): Promise<Answer> => {
    const path = request.params["path"] ?? "";
    if (path.startsWith("assets/")) {
      const file = built().files.get(path.slice("assets/".length));
      if (!file) throw new Refusal("NOT_FOUND", "The dashboard has no such file; reload the page.");
      return { status: 200, ...fileAnswer(request.headers.get("accept-encoding") ?? "", file) };
    }
    document ??= built().template.replace("{settings}", escapeText(JSON.stringify(settings)));
    return {
      status: 200,
      headers: { ...securityHeaders, "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" },
      body: document,
    };
  });
}

function fileAnswer(
  accepted: string,
  { type, body, gzip }: { readonly type: string; readonly body: Uint8Array; readonly gzip: Uint8Array },
): Answer {
  const headers = {
    "content-type": type,
    // The file's name contains the hash of its content.
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    vary: "accept-encoding",
  };
  return /\bgzip\b/.test(accepted)
    ? { headers: { ...headers, "content-encoding": "gzip" }, body: gzip }
    : { headers, body };
}

/** The authority that signs people in is the only other origin that the page may contact. */
function headersFor({ signIn }: DashboardSettings): Record<string, string> {
  const authority = signIn.entra ? ` ${new URL(signIn.entra.issuer).origin}` : "";
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${authority}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    // To its own origin only: App Service authentication treats a change without a Referer as another site's.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
  };
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
