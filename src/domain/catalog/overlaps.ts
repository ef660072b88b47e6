/** Two names for one thing: what a rule says of one of them, the other one would pass by. */
import type { ApprovalRule, Team } from "../access/access.ts";
import { canonicalJson } from "../canonicalJson.ts";
import type { CatalogTargets } from "../targets/index.ts";
import { includesPlace } from "../targets/namedTarget.ts";
import type { DanglingName } from "../targets/target.ts";

interface Settings {
  readonly clusterId: string;
}

interface Rules extends CatalogTargets {
  readonly clusters: Readonly<
    Record<
      string,
      {
        readonly apiServer: string;
        readonly environment?: string | undefined;
        readonly identityBinding?: Settings | undefined;
        readonly managedNamespaces?: Settings | undefined;
      }
    >
  >;
  readonly teams: Readonly<Record<string, Team>>;
  readonly approval: { readonly targets: readonly string[] };
}

export function findOverlaps(catalog: Rules): readonly DanglingName[] {
  const clusters = Object.entries(catalog.clusters).map(([alias, cluster]) => {
    const { identityBinding, managedNamespaces } = cluster;
    const ids = [identityBinding, managedNamespaces].flatMap((each) => each?.clusterId.toLowerCase() ?? []);
    return { alias, environment: cluster.environment, is: [new URL(cluster.apiServer).origin, ...ids] };
  });
  const servers = Object.entries(catalog.sqlServers).map(
    ([alias, { environment, resourceId, host, port, databases }]) => {
      const is = [resourceId.toLowerCase(), `${host.toLowerCase()}:${port}`];
      return { alias, environment, is, databases: Object.keys(databases).map((name) => name.toLowerCase()) };
    },
  );
  return [
    ...inTwoEnvironments("clusters", clusters),
    ...inTwoEnvironments("sqlServers", servers),
    ...pairsOf(servers).flatMap(([first, second]) =>
      first.databases
        .filter((database) => isSame(first, second) && second.databases.includes(database))
        .map((database) => ({
          path: ["sqlServers", second.alias, "databases"],
          message: `has database "${database}", which "${first.alias}" has on the same server; list it once`,
        })),
    ),
    ...includedTargets(catalog),
  ];
}

interface Named {
  readonly alias: string;
  readonly environment: string | undefined;
  /** By any of these it is known. */
  readonly is: readonly string[];
}

function inTwoEnvironments(section: "clusters" | "sqlServers", named: readonly Named[]): readonly DanglingName[] {
  return pairsOf(named).flatMap(([first, second]) => {
    if (first.environment === second.environment || !isSame(first, second)) return [];
    const message = `is the same as "${first.alias}" and has another environment: give both ${said(first.environment ?? second.environment)}`;
    return [{ path: [section, second.alias], message }];
  });
}

function isSame(first: Named, second: Named): boolean {
  return first.is.some((each) => second.is.includes(each));
}

/** Whoever gets the wider one has the narrower one, whatever is said of that. */
function includedTargets({ targets, teams, approval }: Rules): readonly DanglingName[] {
  return pairsOf(Object.entries(targets)).flatMap(([one, other]) => {
    const [[wider, around], [narrower, inside]] = includesPlace(one[1], other[1]) ? [one, other] : [other, one];
    if (!includesPlace(around, inside)) return [];
    const path = ["targets", wider];
    const what = `includes "${narrower}"`;
    const crossed = inside.environment !== undefined && inside.environment !== around.environment;
    const rules = [
      ...(approval.targets.includes(narrower) && !approval.targets.includes(wider) ? ["approval.targets"] : []),
      ...Object.entries(teams).flatMap(([team, { approval: own, targets: rights }]) =>
        Object.hasOwn(rights, wider) &&
        own.some((rule) => isPassed(rule, narrower) && !own.some(coversAlso(rule, wider)))
          ? [`the approval of team "${team}"`]
          : [],
      ),
    ];
    return [
      ...(crossed ? [{ path, message: `${what}, which has ${said(inside.environment)}: give it the same` }] : []),
      ...rules.map((rule) => ({ path, message: `${what}, which ${rule} names: name it there, too` })),
    ];
  });
}

function isPassed({ targets }: ApprovalRule, narrower: string): boolean {
  return targets?.includes(narrower) === true;
}

/** Whether a rule asks for the wider target what the given one asks for the narrower. */
function coversAlso({ targets: _targets, ...rule }: ApprovalRule, wider: string) {
  return ({ targets, ...other }: ApprovalRule) =>
    targets?.includes(wider) === true && canonicalJson(other) === canonicalJson(rule);
}

function said(environment: string | undefined): string {
  return environment === undefined ? "no environment" : `environment "${environment}"`;
}

function pairsOf<T>(all: readonly T[]): readonly (readonly [T, T])[] {
  return all.flatMap((second, index) => all.slice(0, index).map((first) => [first, second] as const));
}
