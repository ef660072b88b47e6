/** Limits and rules that can never apply: a typing mistake in one takes a protection away, so it must not go unnoticed. */
import { createHash } from "node:crypto";
import type { Auth, Team } from "../access/access.ts";
import { lookUp } from "../lookUp.ts";
import { withIncluded } from "../targets/access.ts";
import { isNamedBy } from "../targets/databaseRoles.ts";
import type { CatalogTargets } from "../targets/index.ts";
import { everyDatabase, keyOf } from "../targets/sqlDatabase.ts";
import type { DanglingName } from "../targets/target.ts";

interface Catalog extends CatalogTargets {
  readonly clusters: Readonly<Record<string, { readonly environment?: string | undefined }>>;
  readonly expiry: { readonly maxExpiry: Readonly<Record<string, string>> };
  readonly crossings: readonly { readonly clusters: string; readonly targets: string }[];
  readonly teams: Readonly<Record<string, Team>>;
  readonly auth?: Auth | undefined;
}

export function findIneffective(catalog: Catalog): readonly DanglingName[] {
  return [...unknownEnvironments(catalog), ...rulesOfTeams(catalog), ...openToAll(catalog)];
}

function unknownEnvironments({ clusters, sqlServers, targets, expiry, crossings }: Catalog): readonly DanglingName[] {
  const ofClusters = Object.values(clusters).map(({ environment }) => environment);
  const ofTargets = [...Object.values(sqlServers), ...Object.values(targets)].map(({ environment }) => environment);
  const check = (
    path: DanglingName["path"],
    environment: string,
    known: readonly (string | undefined)[],
    what: string,
  ) => (known.includes(environment) ? [] : [{ path, message: `no ${what} has environment "${environment}"` }]);
  return [
    ...Object.keys(expiry.maxExpiry).flatMap((environment) =>
      check(["expiry", "maxExpiry", environment], environment, [...ofClusters, ...ofTargets], "cluster or target"),
    ),
    ...crossings.flatMap((rule, index) => [
      ...check(["crossings", index, "clusters"], rule.clusters, ofClusters, "cluster"),
      ...check(["crossings", index, "targets"], rule.targets, ofTargets, "SQL server or target"),
    ]),
  ];
}

/** A rule that names targets or databases may say of them what none of them offers. */
function rulesOfTeams(catalog: Catalog): readonly DanglingName[] {
  const rolesOn = new Map(
    everyDatabase(catalog).map(({ server, database }) => [
      keyOf({ server: server.alias, database }),
      lookUp(server.databases, database)?.roles ?? [],
    ]),
  );
  return Object.entries(catalog.teams).flatMap(([name, { approval }]) =>
    approval.flatMap(({ targets, access = [], databases, roles = [] }, index) => {
      const at = (field: string, word: string, place: number) => ({
        path: ["teams", name, "approval", index, field, place],
        message: `nothing that the rule names offers ${word}`,
      });
      const words = targets?.flatMap((target) => lookUp(catalog.targets, target)?.access ?? []);
      const bundles = databases?.flatMap((database) => rolesOn.get(database) ?? []);
      return [
        ...access.flatMap((word, place) =>
          !words || words.some((offered) => withIncluded([offered]).has(word)) ? [] : [at("access", word, place)],
        ),
        ...roles.flatMap((role, place) =>
          !bundles || bundles.some((offered) => isNamedBy(role, offered)) ? [] : [at("roles", role, place)],
        ),
      ];
    }),
  );
}

const ofNothing = createHash("sha256").update("").digest("hex");
const nobody = "00000000-0000-0000-0000-000000000000";

function openToAll({ auth, teams }: Pick<Catalog, "auth" | "teams">): readonly DanglingName[] {
  return [
    ...Object.entries(auth?.keys ?? {}).flatMap(([name, { sha256 }]) =>
      sha256.toLowerCase() === ofNothing
        ? [{ path: ["auth", "keys", name, "sha256"], message: "is the SHA-256 of an empty key" }]
        : [],
    ),
    ...Object.entries(teams).flatMap(([name, { groups, applications }]) =>
      Object.entries({ groups, applications }).flatMap(([field, ids]) =>
        ids.flatMap((id, index) =>
          id === nobody ? [{ path: ["teams", name, field, index], message: "is no object of Microsoft Entra" }] : [],
        ),
      ),
    ),
  ];
}
