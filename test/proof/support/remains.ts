/** What exists for a namespace in the sandbox's cloud, seen from outside the service. */
import { z } from "zod";
import type { Cloud } from "../../../sandbox/cloud.ts";
import { names } from "../../../sandbox/cloud.ts";
import { canonicalJson } from "../../../src/domain/canonicalJson.ts";
import {
  automaticCredential,
  bindingName,
  federatedCredentialName,
  federatedSubject,
  homeOf,
  type IdentityUser,
  identityBindingName,
  identityName,
  isGuest,
  type NamespaceRef,
  namesOfProfile,
  postgresRoleName,
  useRoleName,
} from "../../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { type AzureRoleKindName, azureRoleKindNames } from "../../../src/domain/targets/azureRoles.ts";
import { clientIdOf } from "../../support/ids.ts";

export function identityOf({ world }: Cloud, namespace: string, cluster: string = names.cluster) {
  const name = identityName({ cluster, namespace });
  return [...world.identities.values()].find((identity) => identity.name === name);
}

/** The API server of the cluster, as its administrator sees it. */
function objectsIn({ clusters, kubernetes }: Cloud, cluster: string) {
  return (clusters.get(cluster)?.kubernetes ?? kubernetes).objects;
}

function usersOf({ sql }: Cloud, user: IdentityUser, databases: readonly string[]) {
  const name = identityName(user);
  return databases.map((database) => ({
    database,
    user: sql
      .database(database)
      .users()
      .find((each) => each.name === name),
  }));
}

/** A target of the kind that a place has beside its database; without hyphens, which would look like a namespace's name. */
export function roleTargetOf(kind: AzureRoleKindName, database: string): string {
  return `${kind.toLowerCase()}${database.replaceAll("-", "")}`;
}

/** The roles that anybody has on such targets of these places. */
export function rolesOf({ world }: Cloud, databases: readonly string[]) {
  const names = databases.flatMap((each) => azureRoleKindNames.map((kind) => roleTargetOf(kind, each)));
  return [...world.roleAssignments.values()].filter(({ scope }) => names.includes(scope.split("/").at(-1) ?? ""));
}

/** The account that it has. */
export function accountOf(database: string): string {
  return `cosmos${database.replaceAll("-", "")}`;
}

/** The roles that anybody has in the accounts of these places. */
export function cosmosRolesOf({ world }: Cloud, databases: readonly string[]) {
  const names = databases.map(accountOf);
  return [...world.cosmosAssignments].filter(([, { account }]) => names.includes(account.split("/").at(-1) ?? ""));
}

/** Whom the namespace's role on a PostgreSQL server lets in, and what it may do with the table that is there; undefined without it. */
async function roleOnPostgres({ postgresServers }: Cloud, user: IdentityUser, server: string) {
  const role = postgresRoleName(user);
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
export async function disturbOnPostgres({ postgresServers }: Cloud, user: IdentityUser, server: string): Promise<void> {
  const role = postgresRoleName(user);
  await postgresServers.get(server)?.runScript("ledger", `REVOKE SELECT ON entries FROM "${role}"`);
}

/** A table of the database's owner, on which namespaces get rights. */
export async function furnishPostgres({ postgresServers }: Cloud): Promise<void> {
  const table = "CREATE TABLE entries (id serial PRIMARY KEY); ALTER TABLE entries OWNER TO azure_pg_admin";
  await Promise.all([...postgresServers.values()].map((each) => each.runScript("ledger", table)));
}

/** What the namespace has in the whole cluster, and of the cluster in Azure, for an identity binding. */
async function boundIn(cloud: Cloud, { cluster, namespace }: NamespaceRef): Promise<readonly string[]> {
  const { world } = cloud;
  const namespaceRef = { cluster, namespace };
  const objects = objectsIn(cloud, cluster);
  const rbac = "rbac.authorization.k8s.io/v1";
  const roles = [
    await objects.get(rbac, "ClusterRole", useRoleName(namespaceRef)),
    ...(await objects.list(rbac, "ClusterRoleBinding")).filter(({ metadata }) =>
      metadata.name.startsWith(`${useRoleName(namespaceRef)}-`),
    ),
  ];
  const bindings = [...world.identityBindings.values()].filter(
    ({ name }) => name === identityBindingName(namespaceRef),
  );
  return [...bindings.map(() => "identity binding"), ...roles.flatMap((each) => (each ? [each.kind] : []))];
}

/** The credentials of the identity that let pods of this namespace in. */
function credentialsFor(cloud: Cloud, user: IdentityUser): readonly string[] {
  const home = homeOf(user);
  const names = ["app", "before"].map((account) => federatedCredentialName(user, account));
  const all = [...(identityOf(cloud, home.namespace, home.cluster)?.federatedCredentials.keys() ?? [])];
  return all.filter((name) => names.includes(name));
}

/**
 * Everything that exists for the namespace, by name; also what it has on the targets beside its databases. Of the identity, a guest
 * has its credentials alone.
 */
export async function listRemains(
  cloud: Cloud,
  namespace: string,
  databases: readonly string[],
  schemas: readonly string[] = [],
  { cluster = names.cluster, sharedIdentity }: Partial<Pick<IdentityUser, "cluster" | "sharedIdentity">> = {},
): Promise<readonly string[]> {
  const user = { cluster, namespace, sharedIdentity };
  const objects = objectsIn(cloud, cluster);
  const ours = [
    ...(await objects.list("v1", "ConfigMap", namespace)).filter(({ metadata }) =>
      metadata.name.startsWith("mooring-"),
    ),
    ...(await objects.list("v1", "ResourceQuota", namespace)),
    ...(await objects.list("v1", "LimitRange", namespace)),
    ...(await policiesIn(cloud, { cluster, namespace })),
    ...(await objects.list("v1", "ServiceAccount", namespace)).filter(({ metadata }) =>
      ["app", "before"].includes(metadata.name),
    ),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentity", namespace)),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", namespace)),
    ...[await objects.get("v1", "Namespace", namespace)].filter((object) => object !== undefined),
  ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [
    ...(isGuest(user)
      ? credentialsFor(cloud, user).map((name) => `credential ${name}`)
      : await listAccess(cloud, user, { databases, schemas })),
    ...(await boundIn(cloud, user)),
    ...ours.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  ];
}

/** The identity, and what it may do. */
async function listAccess(
  cloud: Cloud,
  user: IdentityUser,
  { databases, schemas }: { readonly databases: readonly string[]; readonly schemas: readonly string[] },
): Promise<readonly string[]> {
  const identity = identityOf(cloud, user.namespace, user.cluster);
  const users = usersOf(cloud, user, databases).filter(({ user: found }) => found !== undefined);
  const onPostgres = await Promise.all(
    schemas.map(async (each) => ((await roleOnPostgres(cloud, user, each)) ? [`role on ${each}`] : [])),
  );
  return [
    ...(identity ? [`identity ${identity.name}`] : []),
    ...users.map(({ database }) => `user in ${database}`),
    ...rolesOf(cloud, databases).map(({ scope }) => `role at ${scope}`),
    ...cosmosRolesOf(cloud, databases).map(([, { scope }]) => `role at ${scope}`),
    ...onPostgres.flat(),
  ];
}

/** Network policies, Kubernetes' and Cilium's. */
async function policiesIn(cloud: Cloud, { cluster, namespace }: NamespaceRef) {
  const objects = objectsIn(cloud, cluster);
  return [
    ...(await objects.list("networking.k8s.io/v1", "NetworkPolicy", namespace)),
    ...(await objects.list("cilium.io/v2", "CiliumNetworkPolicy", namespace)),
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

const Spec = z.looseObject({ spec: z.object({ hard: z.record(z.string(), z.string()).default({}) }) });

const Labels = z.record(z.string(), z.string()).default({});
const Policy = z.looseObject({
  spec: z.object({
    ingress: z.array(
      z.object({
        from: z
          .array(z.looseObject({ namespaceSelector: z.object({ matchLabels: Labels }).optional() }))
          .default([])
          .transform((all) => all.map(({ namespaceSelector }) => namespaceSelector?.matchLabels ?? {})),
        fromEndpoints: z
          .array(z.object({ matchLabels: Labels }))
          .default([])
          .transform((all) => all.map(({ matchLabels }) => matchLabels)),
      }),
    ),
  }),
});

/** The namespaces that a policy lets in, of either kind. */
function callersOf(policy: object): readonly string[] {
  const { ingress } = Policy.parse(policy).spec;
  return ingress
    .flatMap(({ from, fromEndpoints }) => [...from, ...fromEndpoints])
    .flatMap((each) => Object.values(each));
}

async function profileFaults(
  cloud: Cloud,
  { cluster, namespace }: NamespaceRef,
  wanted: ProfileParts,
): Promise<readonly string[]> {
  const objects = objectsIn(cloud, cluster);
  const [space, quotas, ranges, policies] = await Promise.all([
    objects.get("v1", "Namespace", namespace),
    objects.list("v1", "ResourceQuota", namespace),
    objects.list("v1", "LimitRange", namespace),
    policiesIn(cloud, { cluster, namespace }),
  ]);
  const prefix = "pod-security.kubernetes.io/";
  const labels = Object.entries(space?.metadata.labels ?? {}).filter(([name]) => name.startsWith(prefix));
  const policy = policies.find(({ metadata }) => metadata.name === namesOfProfile.network);
  const found = {
    hard: Object.assign({}, ...quotas.map((each) => Spec.parse(each).spec.hard)),
    hasLimits: ranges.length > 0,
    labels: Object.fromEntries(labels.map(([name, value]) => [name.slice(prefix.length), value])),
    ...(policy ? { from: callersOf(policy) } : {}),
  };
  return canonicalJson(found) === canonicalJson(wanted) ? [] : [`its profile is ${JSON.stringify(found)}`];
}

interface Wanted {
  readonly cluster?: string;
  readonly namespace: string;
  readonly mode: string;
  /** The namespace whose identity it uses: of the identity, only its own way in is checked. */
  readonly sharedIdentity?: string | undefined;
  /** Others have credentials of the same identity, too; of a guest's, they always do. */
  readonly isShared?: boolean;
  /** It may also have what this mode needs of the identity: a migration stopped between the two. */
  readonly beside?: string | undefined;
  readonly databases: readonly string[];
  /** What it has on the target beside each database; by default, nothing is checked there. */
  readonly roles?: readonly string[];
  /** The same in its account. */
  readonly cosmosRole?: string | undefined;
  /** What its profile gives; by default, that is not checked. */
  readonly profile?: ProfileParts | undefined;
  /** Where it has a role on PostgreSQL. */
  readonly schemas?: readonly string[];
  /** With a table there. */
  readonly may?: readonly string[];
  /** Of its users in the databases. */
  readonly userRoles?: readonly string[];
  readonly serviceAccount?: string;
}

/** What is missing or wrong in a namespace that was onboarded with `reader` on the databases, which gives that role. */
export async function listFaults(cloud: Cloud, wanted: Wanted): Promise<readonly string[]> {
  const { cluster = names.cluster, namespace, mode, sharedIdentity, profile } = wanted;
  const user = { cluster, namespace, sharedIdentity };
  const home = homeOf(user);
  const identity = identityOf(cloud, home.namespace, home.cluster);
  if (!identity) return ["no identity"];
  return [
    ...(isGuest(user) ? [] : await accessFaults(cloud, identity, { ...wanted, cluster })),
    ...(profile ? await profileFaults(cloud, user, profile) : []),
    ...(mode === "podIdentity"
      ? await podIdentityFaults(cloud, identity, user)
      : await accountFaults(cloud, identity, { isShared: isGuest(user), ...wanted, cluster })),
  ];
}

type Identity = NonNullable<ReturnType<typeof identityOf>>;

/** In what it may do. */
async function accessFaults(
  cloud: Cloud,
  identity: Identity,
  {
    cluster,
    namespace,
    databases,
    schemas = [],
    may = ["SELECT"],
    userRoles = ["mooring_reader"],
    roles,
    cosmosRole,
  }: Wanted & NamespaceRef,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const sid = sidFromClientId(clientIdOf(identity.clientId));
  for (const { database, user } of usersOf(cloud, { cluster, namespace }, databases)) {
    if (user?.sid !== sid || user.roles.toSorted().join() !== userRoles.join()) {
      faults.push(`user in ${database} is ${JSON.stringify(user)}`);
    }
  }
  const held = rolesOf(cloud, databases).map((each) => `${each.principalId} ${each.role}`);
  const wanted = databases.flatMap(() => (roles ?? []).map((each) => `${identity.principalId} ${each}`));
  if (roles && held.toSorted().join() !== wanted.toSorted().join()) faults.push(`roles in Azure: ${held.join()}`);
  const inAccounts = cosmosRolesOf(cloud, databases).map(([, each]) => `${each.principalId} ${each.roleId}`);
  if (cosmosRole && inAccounts.join() !== databases.map(() => `${identity.principalId} ${cosmosRole}`).join())
    faults.push(`roles in its accounts: ${inAccounts.join()}`);
  for (const each of schemas) {
    const found = await roleOnPostgres(cloud, { cluster, namespace }, each);
    const isRight = found?.principalId === identity.principalId && found.may.join() === may.join();
    if (!isRight) faults.push(`role on ${each} is ${JSON.stringify(found)}`);
  }
  return faults;
}

async function podIdentityFaults(
  cloud: Cloud,
  { name }: Identity,
  namespaceRef: NamespaceRef,
): Promise<readonly string[]> {
  const { namespace, cluster } = namespaceRef;
  const objects = objectsIn(cloud, cluster);
  const api = "aadpodidentity.k8s.io/v1";
  const [identity, binding] = await Promise.all([
    objects.get(api, "AzureIdentity", name, namespace),
    objects.get(api, "AzureIdentityBinding", bindingName({ cluster, namespace }), namespace),
  ]);
  return [...(identity ? [] : ["no AzureIdentity"]), ...(binding ? [] : ["no AzureIdentityBinding"])];
}

/** In how pods of its service account become the identity. */
async function accountFaults(
  cloud: Cloud,
  identity: Identity,
  { cluster, namespace, mode, beside, isShared, serviceAccount = "app" }: Wanted & NamespaceRef,
): Promise<readonly string[]> {
  const account = await objectsIn(cloud, cluster).get("v1", "ServiceAccount", serviceAccount, namespace);
  const clientId = account?.metadata.annotations?.["azure.workload.identity/client-id"];
  const faults = clientId === identity.clientId ? [] : [`service account names ${clientId}`];
  const own = federatedSubject(namespace, serviceAccount);
  const credentials = [...identity.federatedCredentials.values()]
    // The other namespaces of a share have credentials there, too.
    .filter(
      ({ name, subject }) =>
        !isShared || name === automaticCredential || subject.startsWith(federatedSubject(namespace, "")),
    )
    .map(({ name, subject }) => (name === automaticCredential ? name : subject));
  const parts = [...(await boundIn(cloud, { cluster, namespace })), ...credentials];
  const needs: Readonly<Record<string, readonly string[]>> = {
    workloadIdentity: [own],
    identityBinding: ["identity binding", "ClusterRole", "ClusterRoleBinding", automaticCredential],
  };
  const needed = needs[mode] ?? [];
  const allowed = [...needed, ...(needs[beside ?? ""] ?? [])];
  const isOnce = new Set(parts).size === parts.length;
  const isRight =
    isOnce && needed.every((each) => parts.includes(each)) && parts.every((each) => allowed.includes(each));
  return isRight ? faults : [...faults, `for ${mode}: ${parts.join()}`];
}
