/** The form's request, which is kept in the address, and what the catalog offers the caller. */

import { flagsOf, readParameters } from "../../clients/request.ts";
import type { CallerDocument as Caller } from "../../src/domain/documents/caller.ts";
import type { CatalogDocument as Catalog } from "../../src/domain/documents/catalog.ts";
import type { OnboardingRequest } from "../../src/domain/request/request.ts";

/** What may be chosen on one target. */
export interface Choice {
  readonly key: string;
  readonly access: readonly string[];
  /** What the target is, where that is not said by the title of the list. */
  readonly kind?: string;
}

/** What is chosen on one target, whatever its kind. */
export interface Chosen {
  /** As in the address: `sql-dev/messages`, or an alias. */
  readonly key: string;
  readonly access: readonly string[];
  /** When it ends, or after how long; the form keeps it. */
  readonly end?: string;
}
export type Parameters = Pick<URLSearchParams, "get">;

/** The same with one word more, or one less; a target from which everything was deselected is not asked for. */
export function choose(chosen: readonly Chosen[], key: string, word: string, isOn: boolean): readonly Chosen[] {
  const before = chosen.find((each) => each.key === key) ?? { key, access: [] };
  const access = isOn ? [...before.access, word] : before.access.filter((each) => each !== word);
  const others = chosen.filter((each) => each.key !== key);
  return access.length === 0 ? others : [...others, { ...before, access }];
}

/** Undefined while a required field is missing. What the form has no field for stays as it was. */
export function readRequest(parameters: Parameters): OnboardingRequest | undefined {
  return readParameters((name) => parameters.get(name)) as OnboardingRequest | undefined;
}

/** What the form has fields for. */
export type Offered = Pick<Catalog, "clusters" | "sqlServers" | "targets" | "profiles" | "crossings">;

/** Without the targets of other environments, once a cluster is chosen: a request for them would be refused. */
export function reachableFrom(cluster: string, offered: Offered): Offered {
  const { clusters, sqlServers, targets, crossings = [] } = offered;
  const from = clusters.find(({ name }) => name === cluster)?.environment;
  const isReachable = ({ environment: to }: { readonly environment?: string | undefined }) =>
    from === undefined ||
    to === undefined ||
    from === to ||
    crossings.some((rule) => rule.clusters === from && rule.targets === to);
  return { ...offered, sqlServers: sqlServers.filter(isReachable), targets: targets.filter(isReachable) };
}

/** With what is chosen and not offered, so that nothing is asked for unseen. */
export function withChosen(offered: readonly Choice[], chosen: readonly Chosen[]): readonly Choice[] {
  return [...offered, ...chosen.filter(({ key }) => !offered.some((each) => each.key === key))];
}

/** The databases that the form offers, and what may be chosen on each. */
export function databasesOf({ sqlServers }: Offered): readonly Choice[] {
  return sqlServers.flatMap(({ name: server, databases }) =>
    databases.map(({ name, roles }) => ({ key: `${server}/${name}`, access: roles })),
  );
}

/** The same for other targets. */
export function otherTargetsOf({ targets }: Offered): readonly Choice[] {
  return targets.map(({ name, kind, access }) => ({ key: name, kind, access }));
}

/** The part of the catalog that the team may use, or that any of the caller's teams may use if none is chosen. */
export function offer(catalog: Offered, { roles, teams }: Caller, team: string): Offered {
  // An operator requests for no team and may have everything.
  if (team === "" && (roles.includes("Onboarding.Operate") || teams.length === 0)) return catalog;
  const own = team === "" ? teams : teams.filter(({ name }) => name === team);
  return {
    ...catalog,
    clusters: catalog.clusters.filter(({ name }) => own.some(({ clusters }) => clusters.includes(name))),
    sqlServers: catalog.sqlServers.flatMap(({ databases, ...server }) => {
      const offered = databases.flatMap((database) => {
        const allowed = own.flatMap((each) => each.databases?.[server.name]?.[database.name] ?? []);
        const left = database.roles.filter((role) => allowed.includes(role));
        return left.length === 0 ? [] : [{ name: database.name, roles: left }];
      });
      return offered.length === 0 ? [] : [{ ...server, databases: offered }];
    }),
    targets: catalog.targets.flatMap((target) => {
      const allowed = own.flatMap((each) => each.targets?.[target.name] ?? []);
      const left = target.access.filter((word) => allowed.includes(word));
      return left.length === 0 ? [] : [{ ...target, access: left }];
    }),
    profiles: catalog.profiles.filter(({ name }) => own.some(({ profiles }) => profiles?.includes(name) ?? true)),
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
  return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
