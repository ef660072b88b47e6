/** The form's request, which is kept in the address, and what the catalog offers the caller. */
import type { Caller, Catalog, OnboardingRequest } from "../service/documents.ts";

export type Role = OnboardingRequest["databases"][number]["roles"][number];
export type Database = OnboardingRequest["databases"][number];
export type Parameters = Pick<URLSearchParams, "get">;

/** Reads what `pages/request.tsx` prints: `sql-dev/messages=reader+writer,sql-dev/orders=reader`. */
export function readDatabases(text: string): readonly Database[] {
  return text.split(",").flatMap((each) => {
    const [, server, database, roles = ""] = /^([^/=]+)\/([^=]+)(?:=(.*))?$/.exec(each) ?? [];
    if (server === undefined || database === undefined) return [];
    return [{ server, database, roles: roles.split(/[+ ]/).filter(Boolean) as Role[] }];
  });
}

export function printDatabases(databases: readonly Database[]): string {
  return databases.map(({ server, database, roles }) => `${server}/${database}=${roles.join("+")}`).join(",");
}

const optional = ["identityMode", "serviceAccount", "selector", "adoptionPolicy", "deletePolicy", "team"] as const;

/** Undefined while a required field is missing. */
export function readRequest(parameters: Parameters): OnboardingRequest | undefined {
  const cluster = parameters.get("cluster") ?? "";
  const namespace = parameters.get("namespace") ?? "";
  const databases = readDatabases(parameters.get("databases") ?? "").filter(({ roles }) => roles.length > 0);
  if (cluster === "" || namespace === "" || databases.length === 0) return undefined;
  const given = optional.flatMap((name) => {
    const value = parameters.get(name);
    return value === null || value === "" ? [] : [[name, value] as const];
  });
  return { cluster, namespace, ...Object.fromEntries(given), databases };
}

/** The part of the catalog that the team may use, or that any of the caller's teams may use if none is chosen. */
export function offer(catalog: Catalog, { roles, teams }: Caller, team: string): Catalog {
  // An operator requests for no team and may have everything.
  if (team === "" && (roles.includes("Onboarding.Operate") || teams.length === 0)) return catalog;
  const own = team === "" ? teams : teams.filter(({ name }) => name === team);
  return {
    clusters: catalog.clusters.filter(({ name }) => own.some(({ clusters }) => clusters.includes(name))),
    sqlServers: catalog.sqlServers.flatMap(({ name, databases }) => {
      const offered = databases.flatMap((database) => {
        const allowed = own.flatMap((each) => each.databases?.[name]?.[database.name] ?? []);
        const left = database.roles.filter((role) => allowed.includes(role));
        return left.length === 0 ? [] : [{ name: database.name, roles: left }];
      });
      return offered.length === 0 ? [] : [{ name, databases: offered }];
    }),
  };
}

/** The command that sends the same request. */
export function printCommand(request: OnboardingRequest): string {
  const { cluster, namespace, databases, ...fields } = request;
  const flags: Readonly<Record<string, string>> = {
    identityMode: "--identity-mode",
    serviceAccount: "--service-account",
    selector: "--selector",
    adoptionPolicy: "--adoption-policy",
    deletePolicy: "--delete-policy",
    team: "--team",
  };
  return [
    `mooring onboard ${quote(`${cluster}/${namespace}`)}`,
    ...databases.map(
      ({ server, database, roles }) => `--database ${quote(`${server}/${database}=${roles.join(",")}`)}`,
    ),
    ...Object.entries(fields).map(([name, value]) => `${flags[name] ?? name} ${quote(String(value))}`),
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
