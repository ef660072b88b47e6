/** The form's request, which is kept in the address, and what the catalog offers the caller. */

import { flagsOf, printTargets, readParameters, readTargets } from "../../clients/request.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { CatalogDocument as Catalog } from "../../src/domain/documents/catalog.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";

export type Role = OnboardingRequest["databases"][number]["roles"][number];
export type Database = OnboardingRequest["databases"][number];
export type Parameters = Pick<URLSearchParams, "get">;

/** Reads what `requestParams` prints: `sql-dev/messages=reader+writer,sql-dev/orders=reader`. */
export function readDatabases(text: string): readonly Database[] {
  return readTargets("databases", text) as readonly Database[];
}

export function printDatabases(databases: readonly Database[]): string {
  return printTargets(
    databases.map(({ server, database, roles }) => ({ key: `${server}/${database}`, access: roles })),
  );
}

/** Undefined while a required field is missing. What the form has no field for stays as it was. */
export function readRequest(parameters: Parameters): OnboardingRequest | undefined {
  return readParameters((name) => parameters.get(name)) as OnboardingRequest | undefined;
}

/** What the form has fields for. */
export type Offered = Pick<Catalog, "clusters" | "sqlServers">;

/** The part of the catalog that the team may use, or that any of the caller's teams may use if none is chosen. */
export function offer(catalog: Offered, { roles, teams }: Caller, team: string): Offered {
  // An operator requests for no team and may have everything.
  if (team === "" && (roles.includes("Onboarding.Operate") || teams.length === 0)) return catalog;
  const own = team === "" ? teams : teams.filter(({ name }) => name === team);
  return {
    clusters: catalog.clusters.filter(({ name }) => own.some(({ clusters }) => clusters.includes(name))),
    sqlServers: catalog.sqlServers.flatMap(({ databases, ...server }) => {
      const offered = databases.flatMap((database) => {
        const allowed = own.flatMap((each) => each.databases?.[server.name]?.[database.name] ?? []);
        const left = database.roles.filter((role) => allowed.includes(role));
        return left.length === 0 ? [] : [{ name: database.name, roles: left }];
      });
      return offered.length === 0 ? [] : [{ ...server, databases: offered }];
    }),
  };
}

/** The command that sends the same request. */
export function printCommand(request: OnboardingRequest): string {
  const { cluster, namespace } = request;
  const flags = flagsOf(request);
  if (!flags) return `mooring onboard -f - --wait <<'EOF'\n${JSON.stringify(request, null, 2)}\nEOF`;
  return [
    `mooring onboard ${quote(`${cluster}/${namespace}`)}`,
    ...flags.map(([flag, value]) => `${flag} ${quote(value)}`),
    "--wait",
  ].join(" \\\n  ");
}

export function printCurl(request: OnboardingRequest, origin: string, proof: string | undefined): string {
  return [
    `curl ${quote(`${origin}/api/onboardings`)}`,
    "-H 'content-type: application/json'",
    '-H "idempotency-key: $(uuidgen)"',
    ...(proof === undefined ? [] : [`-H "${proof}"`]),
    `-d ${quote(JSON.stringify(request))}`,
  ].join(" \\\n  ");
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
