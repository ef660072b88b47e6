/** Names that onboarded namespaces use and the catalog no longer has: their access stays until somebody revokes it. */

import type { Catalog } from "../../domain/catalog/catalog.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { requestsOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { everyDatabase, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { Ports } from "../../ports/index.ts";
import { namespacePages } from "../../resources/definitions/namespacePages.ts";

export interface DroppedName {
  /** `database sql-dev/orders`, `SQL server sql-dev`, `target uploads`, `profile small`, `cluster aks-dev`, `team blue`. */
  readonly what: string;
  /** The first of them. */
  readonly namespaces: readonly string[];
  readonly count: number;
}

const mostNamed = 10;

export async function findDropped({
  catalog,
  registry,
}: Pick<Ports, "catalog" | "registry">): Promise<readonly DroppedName[]> {
  const found = new Map<string, { namespaces: string[]; count: number }>();
  for await (const { value } of namespacePages({ registry })) {
    for (const record of value) {
      for (const what of droppedOf(catalog, record)) {
        const known = found.get(what) ?? { namespaces: [], count: 0 };
        known.count += 1;
        if (known.namespaces.length < mostNamed) known.namespaces.push(namespaceKey(record));
        found.set(what, known);
      }
    }
  }
  return [...found].map(([what, known]) => ({ what, ...known })).toSorted((a, b) => a.what.localeCompare(b.what));
}

function droppedOf(catalog: Catalog, record: NamespaceRecord): ReadonlySet<string> {
  const listed = new Set(
    everyDatabase(catalog).map(({ server, database }) => keyOf({ server: server.alias, database })),
  );
  const { team, cluster } = record;
  const databases = requestsOf(record).flatMap((request) => request.databases);
  const targets = requestsOf(record).flatMap((request) => request.targets ?? []);
  const profiles = requestsOf(record).flatMap(({ namespaceProfile }) => namespaceProfile ?? []);
  return new Set([
    ...(lookUp(catalog.clusters, cluster) ? [] : [`cluster ${cluster}`]),
    ...(team === undefined || lookUp(catalog.teams, team) ? [] : [`team ${team}`]),
    ...databases
      .filter((database) => !listed.has(keyOf(database)))
      .map((database) =>
        lookUp(catalog.sqlServers, database.server) ? `database ${keyOf(database)}` : `SQL server ${database.server}`,
      ),
    ...targets.filter(({ target }) => !lookUp(catalog.targets, target)).map(({ target }) => `target ${target}`),
    ...profiles.filter((profile) => !lookUp(catalog.profiles, profile)).map((profile) => `profile ${profile}`),
  ]);
}

/** One sentence. */
export function describeDropped({ what, namespaces, count }: DroppedName): string {
  const more = count - namespaces.length;
  return `The catalog no longer has ${what}, which ${namespaces.join(", ")}${more > 0 ? ` and ${more} more` : ""} ${count === 1 ? "uses" : "use"}.`;
}
