/** What exists for a namespace in the sandbox's cloud, seen from outside the service. */
import type { Cloud } from "../../../local/cloud.ts";
import { names } from "../../../local/cloud.ts";
import { bindingName, identityName } from "../../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";

export function identityOf({ world }: Cloud, namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
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

/** Everything that exists for the namespace, by name. */
export async function listRemains(
  cloud: Cloud,
  namespace: string,
  databases: readonly string[],
): Promise<readonly string[]> {
  const identity = identityOf(cloud, namespace);
  const users = usersOf(cloud, namespace, databases).filter(({ user }) => user !== undefined);
  const { objects } = cloud.kubernetes;
  const ours = [
    ...(await objects.list("v1", "ConfigMap", namespace)).filter(({ metadata }) =>
      metadata.name.startsWith("mooring-"),
    ),
    ...(await objects.list("v1", "ServiceAccount", namespace)).filter(({ metadata }) =>
      ["app", "before"].includes(metadata.name),
    ),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentity", namespace)),
    ...(await objects.list("aadpodidentity.k8s.io/v1", "AzureIdentityBinding", namespace)),
    ...[await objects.get("v1", "Namespace", namespace)].filter((object) => object !== undefined),
  ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [
    ...(identity ? [`identity ${identity.name}`] : []),
    ...users.map(({ database }) => `user in ${database}`),
    ...ours.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  ];
}

/** What is missing or wrong in a namespace that was onboarded with `reader` on the databases, which gives that role. */
export async function listFaults(
  cloud: Cloud,
  {
    namespace,
    mode,
    databases,
    serviceAccount = "app",
    role = "mooring_reader",
  }: {
    namespace: string;
    mode: string;
    databases: readonly string[];
    serviceAccount?: string;
    role?: "mooring_reader" | "db_datareader";
  },
): Promise<readonly string[]> {
  const identity = identityOf(cloud, namespace);
  if (!identity) return ["no identity"];
  const faults: string[] = [];
  const sid = sidFromClientId(identity.clientId);
  for (const { database, user } of usersOf(cloud, namespace, databases)) {
    if (user?.sid !== sid || user.roles.join() !== role) {
      faults.push(`user in ${database} is ${JSON.stringify(user)}`);
    }
  }
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
  const subjects = [...identity.federatedCredentials.values()].map(({ subject }) => subject);
  if (subjects.join() !== `system:serviceaccount:${namespace}:${serviceAccount}`)
    faults.push(`credentials for ${subjects.join()}`);
  return faults;
}
