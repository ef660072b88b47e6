/** Proof: everything is read back and compared with what was asked for, whatever the steps reported. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PermanentError } from "../domain/errors.ts";
import { berthKey, bindingName, configMapName, federatedCredentialName, identityName } from "../domain/names.ts";
import { readMark, readMetadata, readTags } from "../domain/ownership.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { sidFromClientId } from "../domain/sid.ts";
import { findCluster, findDatabase, identityRef } from "../domain/targets.ts";
import type { KubernetesObject, ObjectRef, Ports } from "../ports.ts";
import { grantsOf } from "./databaseUser.ts";
import { desiredCredential } from "./federatedCredential.ts";
import { compare, refOf } from "./kubernetesObject.ts";
import { configMapObject } from "./namespace.ts";
import { podIdentityApi, podIdentityObjects } from "./podIdentity.ts";
import { serviceAccountObject } from "./serviceAccount.ts";
import { RemovalInput, StepInput, StepResult, stepActivity } from "./step.ts";

/** Each finding is one sentence about one difference. */
type Finding = string;

export const verify = stepActivity({
  name: "verify",
  input: StepInput.extend({ request: OnboardingRequest, identity: z.object({ clientId: z.guid() }) }),
  output: StepResult,
  target: berthKey,
  async run({ request, identity: { clientId } }, ports, step) {
    await expectNone(() => findDifferences(ports, request, clientId));
    await step.commit();
    return { action: "none" };
  },
});

async function findDifferences(
  ports: Ports,
  request: OnboardingRequest,
  clientId: string,
): Promise<readonly Finding[]> {
  const findings = await Promise.all([
    checkIdentity(ports, request, clientId),
    ...request.databases.map((database) => checkDatabase(ports, { request, database, clientId })),
    ...desiredObjects(ports, request, clientId).map((object) => checkObject(ports, request, object)),
    request.identityMode === "workloadIdentity" ? checkCredential(ports, request) : [],
  ]);
  return findings.flat();
}

async function checkIdentity({ catalog, identities }: Ports, request: OnboardingRequest, clientId: string) {
  const ref = identityRef(findCluster(catalog, request.cluster), request);
  const identity = await identities.get(ref);
  if (!identity) return [`Identity ${ref.name} is not there.`];
  return identity.clientId === clientId ? [] : [`Identity ${ref.name} has client id ${identity.clientId} by now.`];
}

async function checkDatabase(
  { catalog, databases }: Ports,
  {
    request,
    database,
    clientId,
  }: { request: OnboardingRequest; database: OnboardingRequest["databases"][0]; clientId: string },
): Promise<readonly Finding[]> {
  const place = `${database.server}/${database.database}`;
  const name = identityName(request);
  const sid = sidFromClientId(clientId);
  const { users } = await databases.inspect(findDatabase(catalog, database), { name, sid });
  const user = users.find((candidate) => candidate.name === name);
  if (!user) return [`${place} has no user ${name}.`];
  if (user.sid !== sid) return [`In ${place} user ${name} has SID ${user.sid}; the identity's is ${sid}.`];
  return grantsOf(database.roles)
    .filter((grant) => !(grant.kind === "role" ? user.roles : user.permissions).includes(grant.name))
    .map((grant) => `In ${place} user ${name} does not have ${grant.name}.`);
}

export function desiredObjects(
  { catalog }: Pick<Ports, "catalog">,
  request: OnboardingRequest,
  clientId: string,
): readonly KubernetesObject[] {
  const configMap = configMapObject(catalog, request);
  if (request.identityMode === "workloadIdentity") {
    return [configMap, serviceAccountObject(request, { ...request, clientId, tenantId: catalog.tenantId })];
  }
  const ref = identityRef(findCluster(catalog, request.cluster), request);
  const selector = request.selector ?? request.namespace;
  return [configMap, ...podIdentityObjects(request, { clientId, selector, ref })];
}

async function checkObject({ catalog, kubernetes }: Ports, request: OnboardingRequest, desired: KubernetesObject) {
  const current = await kubernetes.get(findCluster(catalog, request.cluster), refOf(desired));
  const what = `${desired.kind} ${desired.metadata.name}`;
  if (!current) return [`${what} is not there.`];
  return compare(desired, current).map(
    ({ field, current: found, desired: wanted }) =>
      `${what} has ${field} ${found ?? "unset"} instead of ${wanted ?? "unset"}.`,
  );
}

async function checkCredential(
  { catalog, identities }: Ports,
  request: OnboardingRequest,
): Promise<readonly Finding[]> {
  const cluster = findCluster(catalog, request.cluster);
  const desired = desiredCredential(cluster, request);
  const current = await identities.federatedCredentials(identityRef(cluster, request));
  const found = current.some(
    ({ issuer, subject, audiences }) =>
      issuer === desired.issuer && subject === desired.subject && audiences.join() === desired.audiences.join(),
  );
  return found ? [] : [`No federated credential has issuer ${desired.issuer} and subject ${desired.subject}.`];
}

/** Nothing that Mooring created for the namespace may be left. What it adopted stays, and does not count. */
export const verifyRemoval = stepActivity({
  name: "verifyRemoval",
  input: RemovalInput.extend({ request: OnboardingRequest, earlier: OnboardingRequest.optional() }),
  output: StepResult,
  target: berthKey,
  async run({ request, earlier }, ports, step) {
    await expectNone(async () => {
      // Whether the namespace itself goes is for the request that counts, not for the one that it replaced.
      const requests = earlier ? [request, { ...earlier, deletePolicy: request.deletePolicy }] : [request];
      const remains = await Promise.all(requests.map((each) => findRemains(ports, each)));
      return [...new Set(remains.flat())];
    });
    await step.commit();
    return { action: "none" };
  },
});

async function findRemains(ports: Ports, request: OnboardingRequest): Promise<readonly Finding[]> {
  const { catalog, identities, databases, kubernetes } = ports;
  const cluster = findCluster(catalog, request.cluster);
  const ref = identityRef(cluster, request);
  const name = identityName(request);
  const key = berthKey(request);

  const identity = async () => {
    const current = await identities.get(ref);
    return current && readTags(current.tags)?.berth === key ? [`Identity ${name} is still there.`] : [];
  };
  const credential = async () => {
    const own = federatedCredentialName(request, request.serviceAccount);
    const current = await identities.federatedCredentials(ref);
    return current.some((each) => each.name === own) ? [`Federated credential ${own} is still there.`] : [];
  };
  const user = async (database: OnboardingRequest["databases"][0]) => {
    const target = findDatabase(catalog, { ...database, roles: [] });
    const { users } = await databases.inspect(target, { name, sid: undefined });
    const isOurs = users.some(({ mark }) => readMark(mark)?.berth === key);
    return isOurs ? [`User ${name} is still in ${database.server}/${database.database}.`] : [];
  };
  const object = async (objectRef: ObjectRef) => {
    const current = await kubernetes.get(cluster, objectRef);
    const isGoing = current?.metadata.deletionTimestamp !== undefined;
    const isOurs = current && readMetadata(current.metadata)?.berth === key && !isGoing;
    return isOurs ? [`${objectRef.kind} ${objectRef.name} is still there.`] : [];
  };
  const findings = await Promise.all([
    identity(),
    credential(),
    ...request.databases.map(user),
    ...removedRefs(request).map(object),
  ]);
  return findings.flat();
}

function removedRefs(request: OnboardingRequest): readonly ObjectRef[] {
  const { namespace } = request;
  const configMap = { apiVersion: "v1", kind: "ConfigMap", name: configMapName, namespace };
  const namespaces =
    request.deletePolicy === "Delete" ? [{ apiVersion: "v1", kind: "Namespace", name: namespace }] : [];
  if (request.identityMode === "workloadIdentity") {
    return [
      configMap,
      { apiVersion: "v1", kind: "ServiceAccount", name: request.serviceAccount, namespace },
      ...namespaces,
    ];
  }
  return [
    configMap,
    { apiVersion: podIdentityApi, kind: "AzureIdentityBinding", name: bindingName(request), namespace },
    { apiVersion: podIdentityApi, kind: "AzureIdentity", name: identityName(request), namespace },
    ...namespaces,
  ];
}

const secondLookMs = 500;

/** Looks twice before it says that something is wrong: a read may come from a replica that is a moment behind. */
async function expectNone(look: () => Promise<readonly Finding[]>): Promise<void> {
  if ((await look()).length === 0) return;
  await sleep(secondLookMs);
  const findings = await look();
  if (findings.length > 0) throw new PermanentError("VERIFICATION_FAILED", findings.join(" "));
}
