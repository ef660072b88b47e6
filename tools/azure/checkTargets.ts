/**
 * Checks whether what the catalog names exists, and whether Mooring's identity could reach it from where the app would run:
 * in a network only with private networking. Each problem says what to do next.
 */
import { z } from "zod";
import type { Catalog } from "../../src/domain/catalog/catalog.ts";
import { PermanentError, TransientError } from "../../src/domain/errors.ts";
import type { Issuers } from "../../src/ports/issuers.ts";
import { type Az, AzFailed } from "./az.ts";
import { type ClusterTarget, clustersOf, type SqlTarget, sqlServersOf } from "./catalogTargets.ts";
import { printOptions } from "./resourceId.ts";

interface Place {
  /** Whether the app has its own network. */
  readonly isPrivate: boolean;
}

export async function checkTargets(
  az: Az,
  { catalog, isPrivate, issuers }: Place & { readonly catalog: Catalog; readonly issuers: Issuers },
): Promise<readonly string[]> {
  const lists = new Map<string, Promise<Read>>();
  const listClusters = (subscriptionId: string): Promise<Read> => {
    const list = lists.get(subscriptionId) ?? attempt(() => az("aks", "list", "--subscription", subscriptionId));
    lists.set(subscriptionId, list);
    return list;
  };
  const checks = await Promise.all([
    ...clustersOf(catalog).flatMap((cluster) => [
      mustBeThere(az, {
        what: `The resource group ${cluster.identityResourceGroup} of cluster "${cluster.alias}"`,
        id: `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.identityResourceGroup}`,
        version: "2024-11-01",
        fix: "Correct subscriptionId or identityResourceGroup in mooring.yaml",
      }),
      cluster.isManagedByAzure
        ? listClusters(cluster.subscriptionId).then((list) => checkCluster(cluster, list, { isPrivate }))
        : checkIssuer(issuers, cluster),
    ]),
    ...sqlServersOf(catalog).map((server) =>
      checkSqlServer(az, server, { isPrivate, hasAdmin: catalog.sqlServers[server.alias]?.entraAdmin !== undefined }),
    ),
  ]);
  return checks.flat();
}

const Clusters = z.array(
  z.object({
    id: z.string(),
    fqdn: z.string().nullish(),
    privateFqdn: z.string().nullish(),
    aadProfile: z.looseObject({}).nullish(),
    apiServerAccessProfile: z
      .object({ enablePrivateCluster: z.boolean().nullish(), authorizedIpRanges: z.array(z.string()).nullish() })
      .nullish(),
  }),
);

function checkCluster(
  { alias, subscriptionId, host }: ClusterTarget,
  { body, problem }: Read,
  { isPrivate }: Place,
): readonly string[] {
  const what = `The cluster "${alias}"`;
  if (problem !== undefined) {
    return [
      `${what} cannot be looked up. Correct subscriptionId in mooring.yaml, or log in as someone who may list clusters. ${problem}`,
    ];
  }
  const cluster = Clusters.parse(body).find(({ fqdn, privateFqdn }) => [fqdn, privateFqdn].includes(host));
  if (cluster === undefined) {
    return [
      `${what}: no managed cluster of subscription ${subscriptionId} has the API server ${host}. Correct apiServer or subscriptionId in mooring.yaml: az aks list --subscription ${subscriptionId} --query "[].{fqdn:fqdn,privateFqdn:privateFqdn}"`,
    ];
  }
  const { enablePrivateCluster, authorizedIpRanges } = cluster.apiServerAccessProfile ?? {};
  const problems: string[] = [];
  if (!cluster.aadProfile) {
    problems.push(
      `${what} does not accept identities from Microsoft Entra, so it would refuse Mooring's. Run: az aks update ${printOptions(cluster.id)} --enable-aad --aad-admin-group-object-ids <group>`,
    );
  }
  if (isPrivate) return problems;
  const ways = "Run: azd env set MOORING_PRIVATE_NETWORKING true, and peer its network (docs/deploy.md)";
  if (enablePrivateCluster) {
    problems.push(
      `${what} has a private API server, but Mooring would not be in a network. ${ways}; or remove the cluster from mooring.yaml`,
    );
  } else if (authorizedIpRanges && authorizedIpRanges.length > 0) {
    problems.push(
      `${what} accepts calls only from ${authorizedIpRanges.join(", ")}, and Mooring has no fixed outgoing address that you could add. ${ways}; or remove the cluster from mooring.yaml`,
    );
  }
  return problems;
}

/** From the operator's machine: whether the issuer of a cluster outside Azure is published, which Azure does not know. */
async function checkIssuer(issuers: Issuers, { alias, oidcIssuer = "" }: ClusterTarget): Promise<readonly string[]> {
  const how = "Publish its issuer (docs/clusters.md), or correct oidcIssuer in mooring.yaml";
  try {
    const { issuer } = await issuers.read(oidcIssuer, { alias });
    if (issuer === oidcIssuer) return [];
    return [`The cluster "${alias}": the document at ${oidcIssuer} says that the issuer is ${issuer}. ${how}`];
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    return [`${error.message} ${how}`];
  }
}

const SqlServer = z.object({ properties: z.object({ publicNetworkAccess: z.string().optional() }).optional() });
const Named = z.object({ value: z.array(z.object({ name: z.string() })), nextLink: z.string().nullish() });

async function checkSqlServer(
  az: Az,
  { alias, resourceId: id, databases }: SqlTarget,
  { isPrivate, hasAdmin }: Place & { readonly hasAdmin: boolean },
): Promise<readonly string[]> {
  const what = `The SQL server "${alias}"`;
  const found = await read(az, { what, id, version: sqlVersion, fix: "Correct resourceId in mooring.yaml" });
  if (found.problem !== undefined) return [found.problem];
  const { publicNetworkAccess = "Enabled" } = SqlServer.parse(found.body).properties ?? {};
  const checks = [
    checkDatabases(az, { what, id, databases }),
    ...(hasAdmin ? [] : [checkAdministrator(az, { what, id })]),
    ...(isPrivate ? [] : [checkSqlNetwork(az, { what, id, publicNetworkAccess })]),
  ];
  return (await Promise.all(checks)).flat();
}

const sqlVersion = "2023-08-01";

interface Server {
  readonly what: string;
  readonly id: string;
}

async function checkDatabases(
  az: Az,
  { what, id, databases }: Server & { readonly databases: readonly string[] },
): Promise<readonly string[]> {
  const { names, problem } = await listNames(az, `${id}/databases`);
  if (problem !== undefined)
    return [`The databases of ${what} cannot be listed. Log in as someone who may list them. ${problem}`];
  const there = new Set(names.map((name) => name.toLowerCase()));
  return databases
    .filter((name) => !there.has(name.toLowerCase()))
    .map(
      (name) =>
        `${what} has no database ${name}. Create it (az sql db create ${printOptions(id, "--server")} --name ${name}), correct its name in mooring.yaml, or remove it`,
    );
}

/** Without an administrator, a server accepts no tokens. */
async function checkAdministrator(az: Az, { what, id }: Server): Promise<readonly string[]> {
  const { names, problem } = await listNames(az, `${id}/administrators`);
  if (problem !== undefined)
    return [`The administrator of ${what} cannot be read. Log in as someone who may read it. ${problem}`];
  if (names.length > 0) return [];
  return [
    `${what} has no Microsoft Entra administrator, so it accepts no identity. Give its entry in mooring.yaml an entraAdmin, which the first operation sets; or run: az sql server ad-admin create ${printOptions(id, "--server")} --display-name <group> --object-id <its object id>`,
  ];
}

async function checkSqlNetwork(
  az: Az,
  { what, id, publicNetworkAccess }: Server & { readonly publicNetworkAccess: string },
): Promise<readonly string[]> {
  const ways = "Run: azd env set MOORING_PRIVATE_NETWORKING true; or remove the server from mooring.yaml";
  if (publicNetworkAccess !== "Enabled") {
    return [
      `${what} accepts connections only from private networks (publicNetworkAccess ${publicNetworkAccess}), and Mooring would not be in one. ${ways}`,
    ];
  }
  const { names, problem } = await listNames(az, `${id}/firewallRules`);
  if (problem !== undefined)
    return [`The firewall of ${what} cannot be read. Log in as someone who may read it. ${problem}`];
  if (names.length > 0) return [];
  return [
    `${what} blocks all addresses: it has no firewall rule, and Mooring's address would be one of Azure's. Run: az sql server firewall-rule create ${printOptions(id, "--server")} --name AllowAllWindowsAzureIps --start-ip-address 0.0.0.0 --end-ip-address 0.0.0.0; or, narrower, azd env set MOORING_PRIVATE_NETWORKING true`,
  ];
}

async function listNames(
  az: Az,
  list: string,
): Promise<{ readonly names: readonly string[]; readonly problem?: string }> {
  const names: string[] = [];
  for (let url: string | undefined = `${list}?api-version=${sqlVersion}`; url !== undefined; ) {
    const { body, problem } = await attempt(() => az("rest", "--method", "GET", "--url", url ?? ""));
    if (problem !== undefined) return { names, problem };
    const page: z.infer<typeof Named> = Named.parse(body);
    names.push(...page.value.map(({ name }) => name));
    url = page.nextLink ?? undefined;
  }
  return { names };
}

interface Read {
  readonly body?: unknown;
  readonly problem?: string;
}

async function attempt(call: () => Promise<unknown>): Promise<Read> {
  try {
    return { body: await call() };
  } catch (error) {
    if (!(error instanceof AzFailed)) throw error;
    return { problem: error.message };
  }
}

interface Thing extends Server {
  readonly version: string;
  readonly fix: string;
}

async function mustBeThere(az: Az, thing: Thing): Promise<readonly string[]> {
  const { problem } = await read(az, thing);
  return problem === undefined ? [] : [problem];
}

async function read(az: Az, { what, id, version, fix }: Thing): Promise<Read> {
  const { body, problem } = await attempt(() => az("rest", "--method", "GET", "--url", `${id}?api-version=${version}`));
  if (problem === undefined) return { body };
  return {
    problem: `${what} cannot be read, and Mooring needs rights there. ${fix}, or log in as someone who may read it. ${problem}`,
  };
}
