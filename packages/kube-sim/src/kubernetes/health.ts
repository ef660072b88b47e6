/** Health: everything here is well as soon as it answers. Each check can be asked for by itself. */
import type { Answer } from "./answer.ts";

const common = ["ping", "log", "etcd", "poststarthook/rbac/bootstrap-roles", "poststarthook/crd-informer-synced"];
const checks: Readonly<Record<string, readonly string[]>> = {
  ...{ healthz: common, livez: common, readyz: [...common, "etcd-readiness", "informer-sync", "shutdown"] },
};

export const healthPaths: readonly string[] = Object.entries(checks).flatMap(([endpoint, each]) => [
  `/${endpoint}`,
  ...each.map((check) => `/${endpoint}/${check}`),
]);

/** Undefined if the path is that of no health. */
export function answerHealth({ url }: { readonly url: URL }): Answer | undefined {
  const [, endpoint = "", check] = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(url.pathname) ?? [];
  const known = checks[endpoint];
  if (known === undefined) return undefined;
  if (check !== undefined) return known.includes(check) ? { code: 200, body: "ok" } : undefined;
  if (!url.searchParams.has("verbose")) return { code: 200, body: "ok" };
  const lines = known.map((each) => `[+]${each} ok\n`);
  return { code: 200, body: `${lines.join("")}${endpoint} check passed\n` };
}
