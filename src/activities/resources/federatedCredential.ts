import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import {
  type Berth,
  berthKey,
  federatedCredentialName,
  federatedSubject,
  identityName,
} from "../../domain/naming/names.ts";
import { type Conflict, type StepPlan, throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import type { FederatedCredential, Ports } from "../../ports.ts";
import { defineStep, RemovalInput, type StepContext, StepInput, StepResult, stepActivity } from "../operation/step.ts";

const tokenExchangeAudience = "api://AzureADTokenExchange";
/** Azure's limit per identity (entra-docs, workload identity federation considerations). */
const credentialLimit = 20;

const FederateInput = StepInput.extend({
  serviceAccount: z.string(),
  /** The operation ends with this step. */
  isLast: z.boolean().optional(),
});

export function desiredCredential(
  { oidcIssuer, alias }: ClusterTarget,
  { cluster, namespace, serviceAccount }: Berth & { serviceAccount: string },
): FederatedCredential {
  if (oidcIssuer === undefined) {
    throw new PermanentError("OIDC_ISSUER_MISMATCH", `The catalog gives no oidcIssuer for cluster "${alias}".`);
  }
  return {
    name: federatedCredentialName({ cluster, namespace }, serviceAccount),
    issuer: oidcIssuer,
    subject: federatedSubject(namespace, serviceAccount),
    audiences: [tokenExchangeAudience],
  };
}

export interface CredentialDecision {
  readonly plan: StepPlan;
  readonly conflict: Conflict | undefined;
  readonly desired: FederatedCredential;
}

export async function planCredential(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: Berth & { serviceAccount: string },
): Promise<CredentialDecision> {
  const cluster = findCluster(catalog, input.cluster);
  const desired = desiredCredential(cluster, input);
  const ref = identityRef(cluster, input);
  const step = { name: "federateIdentity", target: ref.name };
  const decision = decide(await identities.federatedCredentials(ref), desired, ref.name);
  return { plan: toStepPlan(step, decision), conflict: decision.conflict, desired };
}

function decide(current: readonly FederatedCredential[], desired: FederatedCredential, identity: string) {
  const isTwin = ({ issuer, subject }: FederatedCredential) => issuer === desired.issuer && subject === desired.subject;
  const twin = current.find((each) => isTwin(each) && each.name !== desired.name);
  const same = current.find(({ name }) => name === desired.name);
  // Azure takes an issuer and subject once for an identity: where another credential has them, this one cannot be put right.
  if (same && !twin) {
    const differences = (["issuer", "subject"] as const)
      .filter((field) => same[field] !== desired[field])
      .map((field) => ({ field, current: same[field], desired: desired[field] }));
    const audiencesDiffer = same.audiences.join() !== desired.audiences.join();
    const isSame = differences.length === 0 && !audiencesDiffer;
    return { action: isSame ? ("none" as const) : ("update" as const), differences, conflict: undefined };
  }
  if (twin) {
    const conflict: Conflict | undefined =
      twin.audiences.join() === desired.audiences.join()
        ? undefined
        : {
            code: "FEDERATED_CREDENTIAL_CONFLICT",
            message: `Credential "${twin.name}" of ${identity} has the same issuer and subject and another audience.`,
          };
    return { action: "adopt" as const, conflict };
  }
  const conflict: Conflict | undefined =
    current.length < credentialLimit
      ? undefined
      : {
          code: "FEDERATED_CREDENTIAL_LIMIT",
          message: `Identity ${identity} has ${current.length} federated credentials; Azure allows ${credentialLimit}.`,
        };
  const differences = (["issuer", "subject"] as const).map((field) => ({
    field,
    current: null,
    desired: desired[field],
  }));
  return { action: "create" as const, differences, conflict };
}

/** Lets tokens of the service account be exchanged for tokens of the identity. */
export const federation = defineStep({
  name: "federateIdentity",
  input: FederateInput,
  output: StepResult,
  target: identityName,
  async run(input, ports, step) {
    const key = { name: "federateIdentity", target: identityName(input) };
    const [{ plan, conflict, desired }, record] = await Promise.all([
      planCredential(ports, input),
      ports.registry.getStep(input.operation, key),
    ]);
    throwConflict(conflict);
    // A credential has no tags: that this operation creates it is in the step's record, written before the credential.
    const action = record?.action === "create" ? "create" : plan.action;
    if (input.isLast) await step.commit();
    if (plan.action !== "create" && plan.action !== "update") return { action };
    await step.willDo(action, plan.differences);
    await ports.identities.putFederatedCredential(
      identityRef(findCluster(ports.catalog, input.cluster), input),
      desired,
    );
    return { action };
  },
});

/** On its own, for a migration. */
export const federateIdentity = stepActivity(federation);

const UnfederateInput = RemovalInput.extend({ serviceAccount: z.string() });
type UnfederateInput = z.infer<typeof UnfederateInput>;

export async function planUnfederation(
  { catalog, identities, registry }: Pick<Ports, "catalog" | "identities" | "registry">,
  name: string,
  input: Omit<UnfederateInput, "retry" | "operation">,
): Promise<{ plan: StepPlan; credential: string }> {
  const ref = identityRef(findCluster(catalog, input.cluster), input);
  const credential = federatedCredentialName(input, input.serviceAccount);
  const step = { name, target: ref.name };
  const none = { plan: toStepPlan(step, { action: "none" }), credential };
  if (input.createdBy !== undefined) {
    const record = await registry.getStep(input.createdBy, { name: "federateIdentity", target: ref.name });
    if (record?.action !== "create") return none;
  }
  const credentials = await identities.federatedCredentials(ref);
  const found = credentials.find((each) => each.name === credential);
  if (!found) return none;
  const differences = [
    { field: "name", current: credential, desired: null },
    { field: "subject", current: found.subject, desired: null },
  ];
  return { plan: toStepPlan(step, { action: "delete", differences }), credential };
}

export async function unfederate(input: UnfederateInput, ports: Ports, step: Pick<StepContext, "willDo">) {
  const { plan, credential } = await planUnfederation(ports, "unfederateIdentity", input);
  if (plan.action === "delete") {
    await step.willDo("delete", plan.differences);
    const ref = identityRef(findCluster(ports.catalog, input.cluster), input);
    await ports.identities.removeFederatedCredential(ref, credential);
  }
  return { action: plan.action };
}

export const unfederateIdentity = stepActivity({
  name: "unfederateIdentity",
  input: UnfederateInput,
  output: StepResult,
  target: identityName,
  run: unfederate,
});

/** The same for a service account that a change replaces by another. */
export const retireCredential = stepActivity({
  name: "retireCredential",
  input: UnfederateInput,
  output: StepResult,
  target: (input) => `${berthKey(input)}/${input.serviceAccount}`,
  run: unfederate,
});
