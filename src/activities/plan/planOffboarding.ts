/** The plan of taking away: what an offboarding, or a change in its last phase, would remove and what stays. */

import { findCluster } from "../../domain/catalog/targets.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import { withAccountOf } from "../../domain/operation/migration.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { type Plan, type StepPlan, stays, toPlan } from "../../domain/operation/plan.ts";
import { plannedSteps, type StepName } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ObjectRef, Ports } from "../../ports.ts";
import { planNarrowing, planRevocation } from "../resources/databaseRevocation.ts";
import { planUnfederation } from "../resources/federatedCredential.ts";
import { decideIdentityRemoval } from "../resources/identity.ts";
import { namespaceRefs } from "../resources/namespace.ts";
import { planObjectRemoval } from "../resources/objectPlan.ts";
import { podIdentityRefs } from "../resources/podIdentity.ts";
import { serviceAccountRefs } from "../resources/serviceAccount.ts";
import { dependantsOfIdentity, dependantsOfNamespace, dependantsOfPodIdentity, withDependants } from "./dependants.ts";
import { findDatabaseOf, type Look, type LookInput, take } from "./looks.ts";

/** The steps by which a change takes away what it replaces. */
export const replacementLooks: Readonly<Record<string, Look>> = {
  narrowDatabase: async (ports, { request, identity, step }) => {
    const database = findDatabaseOf(request, step);
    const next = { sid: identity && sidFromClientId(identity.clientId) };
    return (await planNarrowing(ports, step.name, { ...request, database, next })).plan;
  },
  retireDatabase: async (ports, input) => {
    const database = findDatabaseOf(earlierOf(input), input.step);
    return (await planRevocation(ports, input.step.name, { ...input.request, database })).plan;
  },
  retireServiceAccount: (ports, input) => planRefs(ports, input, serviceAccountRefs(earlierOf(input))),
  retireCredential: async (ports, input) => {
    const { cluster, namespace, serviceAccount } = earlierOf(input);
    const { plan } = await planUnfederation(ports, input.step.name, { cluster, namespace, serviceAccount });
    return { ...plan, ...input.step };
  },
};

const looks: Readonly<Record<string, Look>> = {
  ...replacementLooks,
  removeServiceAccount: (ports, input) => planRefs(ports, input, serviceAccountRefs(input.request)),
  removePodIdentity: async (ports, input) => {
    const plan = await planRefs(ports, input, podIdentityRefs(input.request));
    if (plan.action !== "delete") return plan;
    return withDependants(plan, [await dependantsOfPodIdentity(ports, input.request)], isIgnored(input));
  },
  revokeDatabase: async (ports, { request, step }) => {
    const { cluster, namespace } = request;
    const database = findDatabaseOf(request, step);
    return (await planRevocation(ports, step.name, { cluster, namespace, database })).plan;
  },
  unfederateIdentity: async (ports, { request: { cluster, namespace, serviceAccount }, step }) =>
    (await planUnfederation(ports, step.name, { cluster, namespace, serviceAccount })).plan,
  removeIdentity: async (ports, input) => {
    const { cluster, namespace } = input.request;
    const { plan, current } = await decideIdentityRemoval(ports, { cluster, namespace });
    if (plan.action !== "delete" || !current) return plan;
    return withDependants(plan, await dependantsOfIdentity(ports, input.request, current), isIgnored(input));
  },
  removeNamespace: async (ports, input) => {
    const plan = await planRefs(ports, input, namespaceRefs(input.request));
    if (input.request.deletePolicy === "Delete") {
      const isGoing = plan.differences.some(
        ({ field, desired }) => field === `Namespace ${input.request.namespace}` && desired === null,
      );
      if (!isGoing) return plan;
      return withDependants(plan, [await dependantsOfNamespace(ports, input.request)], isIgnored(input));
    }
    const kept = { field: `Namespace ${input.request.namespace}`, current: "deletePolicy Keep", desired: stays };
    return { ...plan, differences: [...plan.differences, kept] };
  },
};

export async function planOffboarding(
  ports: Ports,
  { earlier, migration, ...record }: Pick<NamespaceRecord, "request" | "earlier" | "migration">,
  { ignoreDependants = false }: { ignoreDependants?: boolean } = {},
): Promise<Plan> {
  const request = withAccountOf(migration, record.request);
  const steps = await Promise.all(
    plannedSteps("offboard", request, { earlier, migration })
      .filter(({ name }) => name !== "checkDependants" && name !== "verifyRemoval")
      .map((step) => {
        const basics = { operation: "", request, earlier, identity: undefined, step, takeOver: false };
        const input = { ...basics, ignoreDependants };
        return take(looks[step.name], ports, input);
      }),
  );
  return toPlan(steps);
}

function isIgnored({ ignoreDependants = false }: LookInput): boolean {
  return ignoreDependants;
}

function earlierOf({ earlier, step }: LookInput): OnboardingRequest {
  if (!earlier) throw new Error(`step ${step.name} replaces nothing`);
  return earlier;
}

async function planRefs(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  { request: { cluster, namespace }, step }: { request: OnboardingRequest; step: StepName },
  refs: readonly ObjectRef[],
): Promise<StepPlan> {
  return await planObjectRemoval(kubernetes, findCluster(catalog, cluster), refs, { cluster, namespace, step });
}
