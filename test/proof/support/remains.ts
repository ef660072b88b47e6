/** What exists for a namespace in the sandbox's cloud, seen from outside the service. */
import { z } from "zod";
import type { Cloud } from "../../../local/cloud.ts";
import { names } from "../../../local/cloud.ts";
import { canonicalJson } from "../../../src/domain/canonicalJson.ts";
import {
  bindingName,
  identityBindingName,
  identityName,
  namesOfProfile,
  postgresRoleName,
  useRoleName,
} from "../../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { clientIdOf } from "../../support/ids.ts";

export function identityOf({ world }: Cloud, namespace: string, cluster: string = names.cluster) {
  const name = identityName({ cluster, namespace });
  return [...world.identities.values()].find((identity) => identity.name === name);
}

function usersOf({ sql }: Cloud, namespace: string, databases: readonly string[]) {
  const name = identityName({ cluster: names.cluster, namespace });
  return databases.map((database) => ({
    database,
    user: sql
      .database(database)
      .users()
      .find((each) => each.name === name),
  }));
}

/** The roles that anybody has in the containers of these names. */
export function rolesOf({ world }: Cloud, containers: readonly string[]) {
  return [...world.roleAssignments.values()].filter(({ scope }) =>
    containers.some((each) => scope.endsWith(`/containers/${each}`)),
  );
}

/** The account that a place has beside its database; without hyphens, which would look like a namespace's name. */
export function accountOf(database: string): string {
  return `cosmos${database.replaceAll("-", "")}`;
}

/** The roles that anybody has in the accounts of these places. */
export function cosmosRolesOf({ world }: Cloud, databases: readonly string[]) {
  const names = databases.map(accountOf);
  return [...world.cosmosAssignments].filter(([, { account }]) => names.includes(account.split("/").at(-1) ?? ""));
}

/** Whom the namespace's role on a PostgreSQL server lets in, and what it may do with the table that is there; undefined without it. */
async function roleOnPostgres({ postgresServers }: Cloud, namespace: string, server: string) {
  const role = postgresRoleName({ cluster: names.cluster, namespace });
  const rows = await postgresServers.get(server)?.runScript(
    "ledger",
    `SELECT a.privilege_type AS may FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.relname = 'entries' AND r.rolname = '${role}' ORDER BY 1`,
  );
  const [found] =
    (await postgresServers
      .get(server)
      ?.runScript("postgres", `SELECT objectid FROM pgaadauth_list_principals(false) WHERE rolname = '${role}'`)) ?? [];
  return found && { principalId: String(found["objectid"]), may: (rows ?? []).map(({ may }) => String(may)) };
}

/** Somebody takes the namespace's right to read away. */
export async function disturbOnPostgres({ postgresServers }: Cloud, namespace: string, server: string): Promise<void> {
  const role = postgresRoleName({ cluster: names.cluster, namespace });
  await postgresServers.get(server)?.runScript("ledger", `REVOKE SELECT ON entries FROM "${role}"`);
}

/** A table of the database's owner, on which namespaces get rights. */
export async function furnishPostgres({ postgresServers }: Cloud): Promise<void> {
  const table = "CREATE TABLE entries (id serial PRIMARY KEY); ALTER TABLE entries OWNER TO azure_pg_admin";
  await Promise.all([...postgresServers.values()].map((each) => each.runScript("ledger", table)));
}

/** What the namespace has in the whole cluster, and of the cluster in Azure, for an identity binding. */
async function boundIn({ world, kubernetes }: Cloud, namespace: string): Promise<readonly string[]> {
  const berth = { cluster: names.cluster, namespace };
  const rbac = "rbac.authorization.k8s.io/v1";
  const roles = [
    await kubernetes.objects.get(rbac, "ClusterRole", useRoleName(berth)),
    ...(await kubernetes.objects.list(rbac, "ClusterRoleBinding")).filter(({ metadata }) =>
      metadata.name.startsWith(`${useRoleName(berth)}-`),
    ),
  ];
  const bindings = [...world.identityBindings.values()].filter(({ name }) => name === identityBindingName(berth));
  return [...bindings.map(() => "identity binding"), ...roles.flatMap((each) => (each ? [each.kind] : []))];
}

/** Everything that exists for the namespace, by name; also what it has in the containers of its databases' names. */
export async function listRemains(
  cloud: Cloud,
  namespace: string,
  databases: readonly string[],
  schemas: readonly string[] = [],
): Promise<readonly string[]> {
  const identity = identityOf(cloud, namespace);
  const users = usersOf(cloud, namespace, databases).filter(({ user }) => user !== undefined);
  const onPostgres = await Promise.all(
    schemas.map(async (each) => ((await roleOnPostgres(cloud, namespace, each)) ? [`role on ${each}`] : [])),
  );
  const { objects } = cloud.kubernetes;
  const ours = [
    ...(await objects.list("v1", "ConfigMap", namespace)).filter(({ metadata }) =>
      metadata.name.startsWith("mooring-"),
    ),
    ...(await objects.list("v1", "ResourceQuota", namespace)),
    ...(await objects.list("v1", "LimitRange", namespace)),
    ...(await objects.list("networking.k8s.io/v1", "NetworkPolicy", namespace)),
    ...(await objects.list("v1", "ServiceAccount", namespace)).filter(({ metadata }) =>
      ["app", "before"].includes(metadata.name),
    ),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentity", namespace)),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", namespace)),
    ...[await objects.get("v1", "Namespace", namespace)].filter((object) => object !== undefined),
  ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [
    ...(identity ? [`identity ${identity.name}`] : []),
    ...(await boundIn(cloud, namespace)),
    ...users.map(({ database }) => `user in ${database}`),
    ...rolesOf(cloud, databases).map(({ scope }) => `role at ${scope}`),
    ...cosmosRolesOf(cloud, databases).map(([, { scope }]) => `role at ${scope}`),
    ...onPostgres.flat(),
    ...ours.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  ];
}

/** What a namespace has by its profile, wherever it is: in the cluster, or from Azure. */
export interface ProfileParts {
  /** Of its quotas, together. */
  readonly hard: Readonly<Record<string, string>>;
  readonly hasLimits: boolean;
  /** Pod Security, without what all of these labels begin with. */
  readonly labels: Readonly<Record<string, string>>;
  /** The namespaces that its network policy lets in; undefined without one. */
  readonly from?: readonly string[];
}

const Spec = z.looseObject({
  spec: z.object({
    hard: z.record(z.string(), z.string()).default({}),
    ingress: z
      .array(z.object({ from: z.array(z.looseObject({ namespaceSelector: z.unknown().optional() })) }))
      .default([]),
  }),
});

async function profileFaults(
  { kubernetes: { objects } }: Cloud,
  namespace: string,
  wanted: ProfileParts,
): Promise<readonly string[]> {
  const [space, quotas, ranges, policies] = await Promise.all([
    objects.get("v1", "Namespace", namespace),
    objects.list("v1", "ResourceQuota", namespace),
    objects.list("v1", "LimitRange", namespace),
    objects.list("networking.k8s.io/v1", "NetworkPolicy", namespace),
  ]);
  const prefix = "pod-security.kubernetes.io/";
  const labels = Object.entries(space?.metadata.labels ?? {}).filter(([name]) => name.startsWith(prefix));
  const policy = policies.find(({ metadata }) => metadata.name === namesOfProfile.network);
  const callers = policy && Spec.parse(policy).spec.ingress.flatMap(({ from }) => from);
  const found = {
    hard: Object.assign({}, ...quotas.map((each) => Spec.parse(each).spec.hard)),
    hasLimits: ranges.length > 0,
    labels: Object.fromEntries(labels.map(([name, value]) => [name.slice(prefix.length), value])),
    ...(callers ? { from: callers.flatMap((each) => namesIn(each.namespaceSelector)) } : {}),
  };
  return canonicalJson(found) === canonicalJson(wanted) ? [] : [`its profile is ${JSON.stringify(found)}`];
}

function namesIn(selector: unknown): readonly string[] {
  const { matchLabels } = z.object({ matchLabels: z.record(z.string(), z.string()) }).safeParse(selector).data ?? {};
  return Object.values(matchLabels ?? {});
}

/** What is missing or wrong in a namespace that was onboarded with `reader` on the databases, which gives that role. */
export async function listFaults(
  cloud: Cloud,
  {
    namespace,
    mode,
    databases,
    containers = [],
    schemas = [],
    may = ["SELECT"],
    userRoles = ["mooring_reader"],
    cosmosRole,
    profile,
    role = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    serviceAccount = "app",
  }: {
    namespace: string;
    mode: string;
    databases: readonly string[];
    containers?: readonly string[];
    /** What it has in the account of each database; by default, nothing is checked there. */
    cosmosRole?: string | undefined;
    /** What its profile gives; by default, that is not checked. */
    profile?: ProfileParts | undefined;
    /** Where it has a role on PostgreSQL. */
    schemas?: readonly string[];
    /** With a table there. */
    may?: readonly string[];
    /** What it has in them; Storage Blob Data Reader by default. */
    role?: string;
    /** Of its users in the databases. */
    userRoles?: readonly string[];
    serviceAccount?: string;
  },
): Promise<readonly string[]> {
  const identity = identityOf(cloud, namespace);
  if (!identity) return ["no identity"];
  const faults: string[] = [];
  const sid = sidFromClientId(clientIdOf(identity.clientId));
  for (const { database, user } of usersOf(cloud, namespace, databases)) {
    if (user?.sid !== sid || user.roles.toSorted().join() !== userRoles.join()) {
      faults.push(`user in ${database} is ${JSON.stringify(user)}`);
    }
  }
  const roles = rolesOf(cloud, containers).map((each) => `${each.principalId} ${each.role}`);
  if (roles.join() !== containers.map(() => `${identity.principalId} ${role}`).join())
    faults.push(`roles in its containers: ${roles.join()}`);
  const inAccounts = cosmosRolesOf(cloud, databases).map(([, each]) => `${each.principalId} ${each.roleId}`);
  if (cosmosRole && inAccounts.join() !== databases.map(() => `${identity.principalId} ${cosmosRole}`).join())
    faults.push(`roles in its accounts: ${inAccounts.join()}`);
  for (const each of schemas) {
    const found = await roleOnPostgres(cloud, namespace, each);
    const isRight = found?.principalId === identity.principalId && found.may.join() === may.join();
    if (!isRight) faults.push(`role on ${each} is ${JSON.stringify(found)}`);
  }
  if (profile) faults.push(...(await profileFaults(cloud, namespace, profile)));
  const { objects } = cloud.kubernetes;
  if (mode === "podIdentity") {
    const api = "aadpodidentity.k8s.io/v1";
    if (!(await objects.get(api, "AzureIdentity", identity.name, namespace))) faults.push("no AzureIdentity");
    const binding = bindingName({ cluster: names.cluster, namespace });
    if (!(await objects.get(api, "AzureIdentityBinding", binding, namespace))) faults.push("no AzureIdentityBinding");
    return faults;
  }
  const account = await objects.get("v1", "ServiceAccount", serviceAccount, namespace);
  const clientId = account?.metadata.annotations?.["azure.workload.identity/client-id"];
  if (clientId !== identity.clientId) faults.push(`service account names ${clientId}`);
  if (mode === "identityBinding") {
    const [bound, credentials] = [await boundIn(cloud, namespace), [...identity.federatedCredentials.keys()]];
    const found = [...bound, ...credentials].join();
    const wanted = "identity binding,ClusterRole,ClusterRoleBinding,aks-identity-binding";
    return found === wanted ? faults : [...faults, `for its binding: ${found}`];
  }
  const subjects = [...identity.federatedCredentials.values()].map(({ subject }) => subject);
  if (subjects.join() !== `system:serviceaccount:${namespace}:${serviceAccount}`)
    faults.push(`credentials for ${subjects.join()}`);
  return faults;
}
