/** Whether to create or update the credential or adopt an equivalent one, and whether to delete it. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import {
  automaticCredential,
  federatedCredentialName,
  federatedSubject,
  type IdentityUser,
  identityName,
  type NamespaceRef,
} from "../../domain/naming/names.ts";
import {
  type Conflict,
  type Difference,
  type Notice,
  type StepPlan,
  toOperationError,
  toStepPlan,
} from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { FederatedCredential } from "../../ports/identities.ts";
import type { BindingRef } from "../../ports/identityBindings.ts";
import type { Ports } from "../../ports/index.ts";
import { addedBefore, type Need } from "../definitions/sharedLimit.ts";
import { findBindingsLeftByGuests, removalsOf } from "../identityBinding/leftByGuests.ts";
import { findRightsLeftByGuests, type LeftRights, removalsOfRights } from "../identityUse/leftByGuests.ts";
import { findLeftByGuests } from "./leftByGuests.ts";
import { hasOwnName } from "./ownName.ts";

const tokenExchangeAudience = "api://AzureADTokenExchange";
/** Azure's limit per identity (entra-docs, workload identity federation considerations). */
const credentialLimit = 20;
/** From here on a plan says that there is little room, and what needs none. */
const nearLimit = 18;

export function desiredCredential(
  { oidcIssuer, alias }: ClusterTarget,
  { cluster, namespace, serviceAccount }: NamespaceRef & { serviceAccount: string },
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
  /** How many credentials the identity has. */
  readonly used: number;
}

export async function planCredential(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  input: IdentityUser & { serviceAccount: string },
): Promise<CredentialDecision> {
  const ref = identityRef(catalog, input);
  return decideOn(await identities.federatedCredentials(ref), { catalog }, input);
}

/** The same for an identity that has no credential yet. */
export function planFirstCredential(
  ports: Pick<Ports, "catalog">,
  input: IdentityUser & { serviceAccount: string },
): CredentialDecision {
  return decideOn([], ports, input);
}

function decideOn(
  current: readonly FederatedCredential[],
  { catalog }: Pick<Ports, "catalog">,
  input: IdentityUser & { serviceAccount: string },
): CredentialDecision {
  const cluster = findCluster(catalog, input.cluster);
  const desired = desiredCredential(cluster, input);
  const name = identityName(input);
  const step: StepKey = { name: "federateIdentity", target: name };
  const decision = decide(current, desired, name);
  return { plan: toStepPlan(step, decision), conflict: decision.conflict, desired, used: current.length };
}

function decide(current: readonly FederatedCredential[], desired: FederatedCredential, identity: string) {
  const isTwin = ({ issuer, subject }: FederatedCredential) => issuer === desired.issuer && subject === desired.subject;
  const twin = current.find((each) => isTwin(each) && each.name !== desired.name);
  const same = current.find(({ name }) => name === desired.name);
  // Azure allows an issuer and subject once per identity: if another credential has them, this one cannot be repaired.
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
      : { code: "FEDERATED_CREDENTIAL_LIMIT", message: describeUse(identity, current.length) };
  const differences = (["issuer", "subject"] as const).map((field) => ({
    field,
    current: null,
    desired: desired[field],
  }));
  if (conflict || current.length < nearLimit) return { action: "create" as const, differences, conflict };
  const notices: readonly Notice[] = [
    { code: "CREDENTIALS_NEARLY_FULL", message: describeUse(identity, current.length) },
  ];
  return { action: "create" as const, differences, conflict, notices };
}

function describeUse(identity: string, used: number, added = 0): string {
  return `Identity ${identity} has ${used} federated credentials${addedBefore(added)}; Azure allows ${credentialLimit}.`;
}

/** Guests of one identity share its limit. */
export function needOf({ plan, used }: CredentialDecision): Need | undefined {
  if (plan.action !== "create") return undefined;
  const describe = (_needed: number, added: number) =>
    toOperationError("FEDERATED_CREDENTIAL_LIMIT", describeUse(plan.target, used, added));
  const count = async () => 1;
  return {
    of: `credentials of ${plan.target}`,
    used,
    limit: credentialLimit,
    most: 1,
    count,
    step: plan.name,
    describe,
  };
}

export function removalOf({ name, subject }: FederatedCredential): readonly Difference[] {
  return [
    { field: "name", current: name, desired: null },
    { field: "subject", current: subject, desired: null },
  ];
}

interface UnfederationInput extends IdentityUser {
  readonly serviceAccount: string;
  readonly createdBy?: string | undefined;
  /**
   * The whole namespace goes, and with it what no record asks for (surplus.ts), also of its guests: the identity may be adopted, and
   * stay.
   */
  readonly isWhole?: boolean;
}

interface UnfederationDecision {
  readonly plan: StepPlan;
  /** The names of the credentials. */
  readonly found: readonly string[];
  /** Identity bindings that guests have left. */
  readonly bindings: readonly BindingRef[];
  /** Their rights to use it in their clusters. */
  readonly rights: readonly LeftRights[];
  readonly isAbsent?: boolean;
}

export async function planUnfederation(
  ports: Pick<Ports, "catalog" | "identities" | "identityBindings" | "kubernetes" | "registry">,
  { isWhole = false, ...input }: UnfederationInput,
): Promise<UnfederationDecision> {
  const { catalog, identities, registry } = ports;
  const ref = identityRef(catalog, input);
  const own = federatedCredentialName(input, input.serviceAccount);
  const step: StepKey = { name: "unfederateIdentity", target: ref.name };
  const none = { plan: toStepPlan(step, { action: "none" }), found: [], bindings: [], rights: [] };
  if (input.createdBy !== undefined) {
    const record = await registry.getStep(input.createdBy, { name: "federateIdentity", target: ref.name });
    if (record?.action !== "create") return none;
  }
  const credentials = await identities.federatedCredentials(ref);
  const isAbsent = credentials.every(({ name }) => name !== own);
  const left = isWhole ? await findLeftByGuests({ catalog, registry }, input, credentials) : [];
  const found = credentials.filter(
    (each) => each.name === own || (isWhole && hasOwnName(each, input)) || left.includes(each),
  );
  const bound = isWhole ? await findBindingsLeftByGuests(ports, input) : undefined;
  const bindings = bound?.refs ?? [];
  const rights = isWhole ? await findRightsLeftByGuests(ports, input) : [];
  if (found.length + bindings.length + rights.length === 0) return { ...none, isAbsent };
  const differences = [
    ...found.flatMap(removalOf),
    ...(bound ? removalsOf(bound) : []),
    ...(await removalsOfRights(ports, rights)),
  ];
  const names = [...found.map(({ name }) => name), ...(bound?.areLast ? [automaticCredential] : [])];
  return { plan: toStepPlan(step, { action: "delete", differences }), found: names, bindings, rights, isAbsent };
}
