/** Filters and sorts namespaces. */

import { worstFirst, worstOf } from "../../clients/findings.ts";
import { targetsOf } from "../../clients/request.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import { words } from "../ui/words.ts";

export const filterNames = {
  q: "Text",
  cluster: "Cluster",
  state: ["State", words],
  mode: ["Identity mode", words],
  team: "Team",
  severity: ["Worst finding", (value: string) => (value === "none" ? "none" : words(value))],
  migration: ["Migration", () => "in progress"],
} as const;
export type NamespaceFilters = Readonly<Record<keyof typeof filterNames, string>>;

export const orders = ["name", "severity", "verified", "state"] as const;
export type Order = (typeof orders)[number];

export function filterNamespaces(all: readonly Namespace[], filters: NamespaceFilters): readonly Namespace[] {
  const { q, cluster, state, mode, team, severity, migration } = filters;
  const text = q.toLowerCase();
  return all.filter(
    (each) =>
      (cluster === "" || each.cluster === cluster) &&
      (state === "" || each.state === state) &&
      (mode === "" || each.identityMode === mode) &&
      (team === "" || each.team === team) &&
      (migration === "" || (migration === "stopped") === (each.migration !== undefined)) &&
      (severity === "" || (severity === "none" ? each.findings.length === 0 : worstOf(each.findings) === severity)) &&
      (text === "" || textOf(each).includes(text)),
  );
}

function textOf({ cluster, namespace, requestedBy, team = "", clientId = "", request }: Namespace): string {
  const targets = targetsOf(request)
    .map(({ key }) => key)
    .join(" ");
  return `${cluster}/${namespace} ${requestedBy} ${team} ${clientId} ${targets}`.toLowerCase();
}

export function sortNamespaces(all: readonly Namespace[], order: Order): readonly Namespace[] {
  const byName = (a: Namespace, b: Namespace) => compare(a.cluster, b.cluster) || compare(a.namespace, b.namespace);
  const rank = (each: Namespace) => {
    const worst = worstOf(each.findings);
    return worst === undefined ? worstFirst.length : worstFirst.indexOf(worst);
  };
  const by: Readonly<Record<Order, (a: Namespace, b: Namespace) => number>> = {
    name: byName,
    severity: (a, b) => rank(a) - rank(b) || b.findings.length - a.findings.length || byName(a, b),
    // Those verified longest ago, or never, come first.
    verified: (a, b) => compare(a.verifiedTime ?? "", b.verifiedTime ?? "") || byName(a, b),
    state: (a, b) => compare(a.state, b.state) || byName(a, b),
  };
  return all.toSorted(by[order]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
