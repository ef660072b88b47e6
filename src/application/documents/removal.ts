/** What becomes of access when the catalog drops a name: nothing is revoked, and less can be done (docs/runbook.md). */
import type { AccessDocument } from "../../domain/documents/access.ts";
import { sqlDatabase } from "../../domain/targets/sqlDatabase.ts";

/** What a query for access can name of the catalog. */
export interface Named {
  readonly target?: string;
  readonly cluster?: string;
  readonly team?: string;
}

type Effect = NonNullable<AccessDocument["ifRemoved"]>[number];

/** Undefined unless exactly one name is to go, and for what Mooring did not give. */
export function afterRemoval(
  named: Named,
  { kind, access }: Pick<AccessDocument, "kind" | "access">,
): Effect[] | undefined {
  const { target, cluster, team } = named;
  if ([target, cluster, team].filter((name) => name !== undefined).length !== 1 || access.length === 0)
    return undefined;
  if (cluster !== undefined) return ofCluster;
  if (team !== undefined) return ofTeam;
  const isServer = kind === sqlDatabase.noun && target?.includes("/") === false;
  const unknown = isServer ? "UNKNOWN_SQL_SERVER" : kind === sqlDatabase.noun ? "UNKNOWN_DATABASE" : "UNKNOWN_TARGET";
  return [
    { effect: "The access stays, until a change without the target or an offboarding takes it away." },
    { effect: "A change that still names the target is refused.", code: unknown },
    { effect: "A repair and a migration leave the access as it is.", code: "LEFT_IN_PLACE" },
    { effect: "A verification reports it.", code: "NOT_IN_CATALOG" },
  ];
}

const ofCluster: Effect[] = [
  { effect: "The access stays, until an offboarding takes it away." },
  { effect: "Changes, repairs and migrations are refused.", code: "UNKNOWN_CLUSTER" },
  { effect: "An offboarding leaves the identity, and everything in Kubernetes.", code: "LEFT_IN_PLACE" },
];

const ofTeam: Effect[] = [
  { effect: "The access stays, until an operator offboards the namespace or takes it over for another team." },
  { effect: "Repairs, migrations and changes that give more are refused.", code: "NOT_ALLOWED" },
  { effect: "Members no longer see the namespace." },
];
