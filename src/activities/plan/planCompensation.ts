/** What running undos again would do: each removes what the given operation created, or puts back what it wrote over. */

import { findCluster } from "../../domain/catalog/clusters.ts";
import { type Migration, withAccountOf } from "../../domain/operation/migration.ts";
import { type Plan, type StepPlan, toPlan } from "../../domain/operation/plan.ts";
import { plannedSteps, type StepName } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ObjectRef, Ports } from "../../ports.ts";
import { planRevocation } from "../resources/databaseRevocation.ts";
import { planUnfederation } from "../resources/federatedCredential.ts";
import { planIdentityRemoval } from "../resources/identity.ts";
import { namespaceRefs, rewrittenConfigMap } from "../resources/namespace.ts";
import { planObjectRemoval, planObjectRestoration } from "../resources/objectPlan.ts";
import { planPodIdentity, podIdentityRefs, rewrittenBinding, selectorOf } from "../resources/podIdentity.ts";
import { serviceAccountRefs } from "../resources/serviceAccount.ts";
import { explain, findDatabaseOf } from "./looks.ts";
import { planUndoCutOver } from "./planUndoCutOver.ts";

interface Compensation {
  /** That runs the undos. */
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the operation had replaced. */
  readonly earlier?: OnboardingRequest | undefined;
  readonly createdBy: string;
  /** In the order in which they run. */
  readonly undos: readonly string[];
  /** Of a migration; `request` is then the one that it began with. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
}

export async function planCompensation(ports: Ports, compensation: Compensation): Promise<Plan> {
  const { undos, migrating } = compensation;
  const request = withAccountOf(migrating?.migration, compensation.request);
  const steps = plannedSteps("compensate", request, { undos }).map((step) => {
    const look = looks[step.name];
    if (!look) throw new Error(`undo ${step.name} has no plan`);
    return explain(step, () => look(ports, { ...compensation, request, step }));
  });
  return toPlan(await Promise.all(steps));
}

type Look = (ports: Ports, input: Compensation & { readonly step: StepName }) => Promise<StepPlan>;

const looks: Readonly<Record<string, Look>> = {
  removeNamespace: removal((request) => namespaceRefs({ ...request, deletePolicy: "Delete" })),
  removeServiceAccount: removal(serviceAccountRefs),
  removePodIdentity: removal(podIdentityRefs),
  removeIdentity: (ports, { request: { cluster, namespace }, createdBy }) =>
    planIdentityRemoval(ports, { cluster, namespace, createdBy }),
  unfederateIdentity: async (ports, { request, createdBy, step }) =>
    (await planUnfederation(ports, step.name, { ...request, createdBy })).plan,
  revokeDatabase: async (ports, { request, createdBy, step }) => {
    const { cluster, namespace } = request;
    const database = findDatabaseOf(request, step);
    return (await planRevocation(ports, step.name, { cluster, namespace, createdBy, database })).plan;
  },
  restoreNamespace: ({ catalog, kubernetes }, { request, earlier, step }) => {
    const { cluster, namespace, databases: written } = request;
    const before = (earlier ?? request).databases;
    const rewritten = rewrittenConfigMap(catalog, { cluster, namespace, written, before });
    return planObjectRestoration(kubernetes, findCluster(catalog, cluster), rewritten, { cluster, namespace, step });
  },
  restorePodIdentity: ({ catalog, kubernetes }, { request, earlier, step }) => {
    const { cluster, namespace } = request;
    const [written, before] = [selectorOf(request), selectorOf(earlier ?? request)];
    const rewritten = rewrittenBinding({ cluster, namespace, written, before });
    return planObjectRestoration(kubernetes, findCluster(catalog, cluster), rewritten, { cluster, namespace, step });
  },
  undoCutOver: ({ registry }, { request }) => planUndoCutOver(registry, request),
  returnPodIdentity: async (ports, { request, operation, migrating, step }) => {
    const selector = migrating?.migration.selector ?? selectorOf(request);
    const input = { ...request, operation, selector, identity: migrating && { clientId: migrating.clientId } };
    return { ...(await planPodIdentity(ports, input)), ...step };
  },
};

function removal(refsOf: (request: OnboardingRequest) => readonly ObjectRef[]): Look {
  return ({ catalog, kubernetes }, { request, createdBy, step }) => {
    const { cluster, namespace } = request;
    const input = { cluster, namespace, createdBy, step };
    return planObjectRemoval(kubernetes, findCluster(catalog, cluster), refsOf(request), input);
  };
}
