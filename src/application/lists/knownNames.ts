/** Names in the query of a list: one that stands for nothing is refused, so that a typing mistake is no empty answer. */

import type { Caller } from "../../domain/access/caller.ts";
import { defined } from "../../domain/defined.ts";
import { namesOf } from "../../domain/lookUp.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { visibleTeams } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { suggest } from "../../domain/suggest.ts";
import type { Ports } from "../../ports/index.ts";
import { listNamespaces } from "../admission/listNamespaces.ts";
import { reaches } from "../documents/accessDocument.ts";
import { publicCatalog } from "../documents/catalogDocument.ts";

const codes = { target: "UNKNOWN_TARGET", cluster: "UNKNOWN_CLUSTER", team: "UNKNOWN_TEAM" } as const;
type Named = { readonly [Name in keyof typeof codes]?: string | undefined };

/** What has left the catalog can still be named as long as a namespace that the caller sees has it. */
export async function expectKnown(ports: Pick<Ports, "catalog" | "registry">, by: Caller, named: Named): Promise<void> {
  for (const what of namesOf(codes)) {
    const name = named[what];
    const known = name === undefined ? [] : knownTo(ports, by, what);
    if (name === undefined || known.includes(name) || (await isUsed(ports, by, { [what]: name }))) continue;
    const nearest = suggest(name, known);
    const meant = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    throw new Refusal(codes[what], `There is no ${what} "${name}" that you may see.${meant}`);
  }
}

function knownTo({ catalog }: Pick<Ports, "catalog">, by: Caller, what: keyof Named): readonly string[] {
  if (what === "team") return visibleTeams(by) ?? Object.keys(catalog.teams);
  const { clusters, sqlServers, targets } = publicCatalog(catalog, by);
  if (what === "cluster") return clusters.map(({ name }) => name);
  const databases = sqlServers.flatMap(({ name, databases: own }) => own.map((each) => `${name}/${each.name}`));
  return [...databases, ...targets.map(({ name }) => name), ...sqlServers.map(({ name }) => name)];
}

async function isUsed(
  { catalog, registry }: Pick<Ports, "catalog" | "registry">,
  by: Caller,
  { target, ...named }: Named,
): Promise<boolean> {
  const isMeant = (record: NamespaceRecord) => target === undefined || reaches(catalog, record, target);
  const wanted = { filter: defined(named), isMeant, limit: 1 };
  let page = await listNamespaces({ registry }, by, wanted);
  while (page.value.length === 0 && page.continuation !== undefined)
    page = await listNamespaces({ registry }, by, { ...wanted, continuation: page.continuation });
  return page.value.length > 0;
}
