/** Health: everything here is well as soon as it answers. Each check of a real API server can be asked for by itself, or left out. */
import type { Answer } from "./answer.ts";

const ofAll = ["ping", "log", "loopback-serving-certificate", "etcd"];
const hooks = [
  ...["start-apiserver-admission-initializer", "generic-apiserver-start-informers"],
  ...["priority-and-fairness-config-consumer", "priority-and-fairness-filter", "storage-object-count-tracker-hook"],
  ...["start-apiextensions-informers", "start-apiextensions-controllers", "crd-informer-synced"],
  ...["start-system-namespaces-controller", "peer-endpoint-reconciler-controller"],
  ...["start-cluster-authentication-info-controller", "start-kube-apiserver-identity-lease-controller"],
  ...["start-kube-apiserver-identity-lease-garbage-collector", "storage-readiness"],
  ...["start-legacy-token-tracking-controller", "start-service-ip-repair-controllers", "rbac/bootstrap-roles"],
  ...["scheduling/bootstrap-system-priority-classes", "priority-and-fairness-config-producer", "bootstrap-controller"],
  ...["start-kubernetes-service-cidr-controller", "start-kube-aggregator-informers"],
  ...["apiservice-status-local-available-controller", "apiservice-status-remote-available-controller"],
  ...["apiservice-registration-controller", "apiservice-discovery-controller", "kube-apiserver-autoregistration"],
].map((hook) => `poststarthook/${hook}`);
const last = [
  "autoregister-completion",
  ...["apiservice-openapi-controller", "apiservice-openapiv3-controller"].map((hook) => `poststarthook/${hook}`),
];

const checks: Readonly<Record<string, readonly string[]>> = {
  healthz: [...ofAll, ...hooks, ...last],
  livez: [...ofAll, ...hooks, ...last],
  readyz: ["ping", "log", "etcd", "etcd-readiness", "informer-sync", ...hooks, ...last, "shutdown"],
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
  const excluded = url.searchParams.getAll("exclude");
  const lines = known.map((each) => `[+]${each} ${excluded.includes(each) ? "excluded: ok" : "ok"}`);
  const unknown = excluded.filter((each) => !known.includes(each)).map((each) => JSON.stringify(each));
  const warning = `warn: some health checks cannot be excluded: no matches for ${unknown.join(", ")}`;
  return {
    code: 200,
    body: `${[...lines, ...(unknown.length > 0 ? [warning] : [])].join("\n")}\n${endpoint} check passed\n`,
  };
}
