/** Every kind of target that a catalog can name, as a whole and at each of its parts. */

import {
  type AzureRoleKindName,
  azureRoleKindNames,
  azureRoleKinds,
  azureRoleWords,
} from "../../src/domain/targets/azureRoles.ts";
import type { PlaceOfTarget } from "../../src/domain/targets/namedTarget.ts";

/** As an operator writes it, with every access that requests can ask for there. */
export interface WrittenEntry {
  readonly kind: PlaceOfTarget["kind"];
  readonly resourceId: string;
  readonly access: readonly string[];
  readonly [field: string]: unknown;
}

function resource(type: string): string {
  return `/subscriptions/s/resourceGroups/g/providers/${type}/res1`;
}

/** By its part, such as `subscription of serviceBus`; the resource itself has the name of the kind. */
export function azureRoleEntries(kind: AzureRoleKindName): Readonly<Record<string, WrittenEntry>> {
  const { resourceType, parts } = azureRoleKinds[kind];
  const whole = { kind, resourceId: resource(resourceType), access: azureRoleWords[kind] };
  const withParts = Object.entries(parts).map(([name, { inside, gives }]) => {
    const around = inside === undefined ? {} : { [inside]: `${inside}1` };
    return [`${name} of ${kind}`, { ...whole, ...around, [name]: `${name}1`, access: gives ?? whole.access }] as const;
  });
  return { [kind]: whole, ...Object.fromEntries(withParts) };
}

const cosmos = {
  ...{ kind: "cosmosNoSql", resourceId: resource("Microsoft.DocumentDB/databaseAccounts") },
  access: ["read", "write"],
} as const;

const postgres = {
  ...{ kind: "postgresql", resourceId: resource("Microsoft.DBforPostgreSQL/flexibleServers") },
  ...{ host: "res1.postgres.database.azure.com", login: "mooring", database: "books" },
  access: ["read", "write", "own"],
} as const;

export const everyEntry: Readonly<Record<string, WrittenEntry>> = {
  ...Object.assign({}, ...azureRoleKindNames.map(azureRoleEntries)),
  cosmosNoSql: cosmos,
  "database of cosmosNoSql": { ...cosmos, database: "shop" },
  "container of cosmosNoSql": { ...cosmos, database: "shop", container: "carts" },
  postgresql: postgres,
  "schema of postgresql": { ...postgres, schema: "ledger" },
};
