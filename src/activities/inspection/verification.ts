/** Proof: everything is read back and compared with what was asked for, whatever the steps reported. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isCommitted } from "../../application/decisions/cancellation.ts";
import { findCluster, findDatabase, identityRef } from "../../domain/catalog/targets.ts";
import { PermanentError } from "../../domain/errors.ts";
import { describeFinding, Finding, isError, keep } from "../../domain/finding.ts";
import { berthKey, configMapName, federatedCredentialName, identityName } from "../../domain/naming/names.ts";
import { readMark, readMetadata, readTags } from "../../domain/naming/ownership.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { ObjectRef, Ports } from "../../ports.ts";
import { defineStep, RemovalInput, StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { otherModeRefs } from "../resources/namespaceObjects.ts";
import { podIdentityRefs } from "../resources/podIdentity.ts";
import { serviceAccountRefs } from "../resources/serviceAccount.ts";
import { inspectNamespace } from "./inspection.ts";
import type { Inspection } from "./inspectionSubject.ts";
import { tryLogin } from "./verificationJob.ts";

export const VerifyInput = StepInput.extend({
  request: OnboardingRequest,
  identity: z.object({ clientId: z.guid() }),
  isMigrating: z.boolean().optional(),
});

/**
 * Fails on what breaks access; what is less is handed on, to be kept with the namespace's record. Once the operation is
 * committed, which only a second run of the step can find, what breaks access has happened since: it is drift like any other.
 */
export const proof = defineStep({
  name: "verify",
  input: VerifyInput,
  output: StepResult.extend({ findings: z.array(Finding) }),
  target: berthKey,
  async run({ operation, request, identity: { clientId }, isMigrating = false }, ports, step) {
    const findings = await proveNamespace(ports, { request, clientId, isMigrating }, operation);
    if (findings.some(isError) && !(await isCommitted(ports.registry, operation))) throwErrors(findings);
    await step.commit();
    return { action: "none", findings: [...keep(findings)] };
  },
});

/** With the operation's end still to come, such as what a change takes away after it. */
export const verify = stepActivity(proof);

/** Reads everything back and, when that is in order and the catalog allows it, logs in as the workload does. */
export async function proveNamespace(ports: Ports, inspection: Inspection, run: string): Promise<readonly Finding[]> {
  const findings = await lookTwice(() => inspectNamespace(ports, inspection), isError);
  return findings.some(isError) ? findings : [...findings, ...(await tryLogin(ports, inspection.request, run))];
}

export function throwErrors(findings: readonly Finding[]): void {
  const errors = findings.filter(isError);
  if (errors.length > 0) throw new PermanentError("VERIFICATION_FAILED", errors.map(describeFinding).join(" "));
}

/** Nothing that Mooring created for the namespace may be left. What it adopted stays, and does not count. */
export const verifyRemoval = stepActivity({
  name: "verifyRemoval",
  input: RemovalInput.extend({
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    isMigrating: z.boolean().optional(),
  }),
  output: StepResult,
  target: berthKey,
  async run({ request, earlier, isMigrating = false }, ports, step) {
    const remains = await lookTwice(async () => {
      // Whether the namespace itself goes is for the request that counts, not for the one that it replaced.
      const requests = earlier ? [request, { ...earlier, deletePolicy: request.deletePolicy }] : [request];
      const found = await Promise.all(requests.map((each) => findRemains(ports, each, isMigrating)));
      return [...new Set(found.flat())];
    });
    if (remains.length > 0) throw new PermanentError("VERIFICATION_FAILED", remains.join(" "));
    await step.commit();
    return { action: "none" };
  },
});

/** Each is one sentence. */
async function findRemains(ports: Ports, request: OnboardingRequest, isMigrating: boolean): Promise<readonly string[]> {
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
    ...(isMigrating ? otherModeRefs(request).map(object) : []),
  ]);
  return findings.flat();
}

function removedRefs(request: OnboardingRequest): readonly ObjectRef[] {
  const { namespace } = request;
  const configMap = { apiVersion: "v1", kind: "ConfigMap", name: configMapName, namespace };
  const namespaces =
    request.deletePolicy === "Delete" ? [{ apiVersion: "v1", kind: "Namespace", name: namespace }] : [];
  const identityRefs =
    request.identityMode === "workloadIdentity" ? serviceAccountRefs(request) : podIdentityRefs(request);
  return [configMap, ...identityRefs, ...namespaces];
}

const secondLookMs = 500;

/** Before it says that something is wrong: a read may come from a replica that is a moment behind. */
export async function lookTwice<T>(
  look: () => Promise<readonly T[]>,
  isWrong: (found: T) => boolean = () => true,
): Promise<readonly T[]> {
  const first = await look();
  if (!first.some(isWrong)) return first;
  await sleep(secondLookMs);
  return await look();
}
