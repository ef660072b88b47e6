/** The plan of an onboarding: what every step finds and would do. Answers a dry run and is the preflight. */

import { needsApproval } from "../domain/approval.ts";
import { checkSameNamespace, checkTeam } from "../domain/berthOwner.ts";
import type { ClusterTarget } from "../domain/catalog.ts";
import { PermanentError } from "../domain/errors.ts";
import { berthKey } from "../domain/names.ts";
import { type Plan, toPlan, toStepPlan } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { plannedSteps } from "../domain/steps.ts";
import { findClusterFor, findDatabase } from "../domain/targets.ts";
import type { Kubernetes, Ports } from "../ports.ts";
import { planDatabase } from "./databaseUser.ts";
import { planCredential } from "./federatedCredential.ts";
import { isDecision, planIdentity } from "./identity.ts";
import { findDatabaseOf, type Look, take } from "./looks.ts";
import { planNamespace } from "./namespace.ts";
import { replacementLooks } from "./planOffboarding.ts";
import { planPodIdentity, podIdentityApi, selectorOf } from "./podIdentity.ts";
import { planServiceAccount } from "./serviceAccount.ts";

interface PlanInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the request replaces, when the namespace is onboarded already. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Whose rules for approval count. */
  readonly team?: string | undefined;
  /** The request may take the namespace from whoever has it. An operation need not say so: its record is the taker's. */
  readonly takeOver?: boolean;
}

export async function planOnboarding(
  ports: Ports,
  { operation, request, earlier, team, takeOver = false }: PlanInput,
): Promise<Plan> {
  const identity = await planIdentity(ports, { ...request, operation }).catch((error: unknown) => error);
  const current = isDecision(identity) ? identity.current : undefined;
  const ensureIdentity: Look = async () => {
    if (isDecision(identity)) return identity.plan;
    throw identity;
  };

  const steps = await Promise.all(
    plannedSteps("onboard", request, { earlier })
      .filter(({ name }) => name !== "verify")
      .map((step) => {
        const look = step.name === "ensureIdentity" ? ensureIdentity : looks[step.name];
        return take(look, ports, { operation, request, earlier, identity: current, step, takeOver });
      }),
  );
  const needed = needsApproval(ports.catalog, request, team).map(({ what }) => what);
  return toPlan(steps, needed);
}

const looks: Record<string, Look> = {
  ...replacementLooks,
  preflight: async (ports, { request, step, takeOver }) => {
    await Promise.all([checkCluster(ports, request, takeOver), checkServers(ports, request)]);
    return toStepPlan(step, { action: "none" });
  },
  applyNamespace: (ports, { operation, request }) => planNamespace(ports, { ...request, operation }),
  grantDatabase: async (ports, { operation, request, identity, step }) => {
    const database = findDatabaseOf(request, step);
    return (await planDatabase(ports, { ...request, operation, database, identity })).plan;
  },
  applyServiceAccount: (ports, { operation, request, identity }) =>
    planServiceAccount(ports, { ...request, operation, identity }),
  applyPodIdentity: (ports, { operation, request, identity }) =>
    planPodIdentity(ports, { ...request, operation, selector: selectorOf(request), identity }),
  federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
};

async function checkCluster(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  request: OnboardingRequest,
  takeOver: boolean,
): Promise<void> {
  const { catalog, kubernetes } = ports;
  const cluster = findClusterFor(catalog, request.cluster, request.identityMode);
  const check = request.identityMode === "podIdentity" ? checkPodIdentity : checkWorkloadIdentity;
  await Promise.all([checkNamespace(ports, cluster, request, takeOver), check(kubernetes, cluster)]);
}

async function checkNamespace(
  { catalog, kubernetes, registry }: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  cluster: ClusterTarget,
  request: OnboardingRequest,
  takeOver: boolean,
): Promise<void> {
  const [record, namespace] = await Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name: request.namespace }),
  ]);
  if (record && !takeOver) {
    checkTeam(catalog, record, request);
    checkSameNamespace(request, { onboarded: record.namespaceUid, current: namespace?.metadata.uid });
  }
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  throw new PermanentError("NAMESPACE_TERMINATING", `Namespace ${berthKey(request)} is being deleted.`);
}

async function checkPodIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const kinds = await kubernetes.kinds(cluster, podIdentityApi);
  if (kinds.includes("AzureIdentity") && kinds.includes("AzureIdentityBinding")) return;
  throw new PermanentError("POD_IDENTITY_NOT_INSTALLED", `Cluster "${cluster.alias}" has no ${podIdentityApi} kinds.`);
}

export async function checkWorkloadIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const [issuer, webhook] = await Promise.all([
    kubernetes.issuer(cluster),
    kubernetes.get(cluster, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "MutatingWebhookConfiguration",
      name: "azure-wi-webhook-mutating-webhook-configuration",
    }),
  ]);
  if (issuer !== cluster.oidcIssuer) {
    throw new PermanentError(
      "OIDC_ISSUER_MISMATCH",
      `Cluster "${cluster.alias}" says that its issuer is ${issuer}, the catalog says ${cluster.oidcIssuer ?? "nothing"}.`,
    );
  }
  if (!webhook) {
    throw new PermanentError(
      "WORKLOAD_IDENTITY_NOT_INSTALLED",
      `Cluster "${cluster.alias}" has no workload identity webhook.`,
    );
  }
}

async function checkServers(
  { catalog, sqlServers }: Pick<Ports, "catalog" | "sqlServers">,
  request: OnboardingRequest,
): Promise<void> {
  const targets = request.databases.map((database) => findDatabase(catalog, database));
  const servers = [...new Map(targets.map(({ server }) => [server.alias, server])).values()];
  await Promise.all(
    servers.map(async (server) => {
      const state = await sqlServers.inspect(server);
      if (!state) {
        throw new PermanentError(
          "SQL_SERVER_MISSING",
          `Azure has no SQL server ${server.resourceId} ("${server.alias}").`,
        );
      }
      if (!state.entraAdmin) {
        throw new PermanentError(
          "SQL_ADMIN_MISSING",
          `SQL server "${server.alias}" has no Microsoft Entra administrator.`,
        );
      }
      const missing = targets.find(
        ({ server: { alias }, database }) =>
          alias === server.alias && !state.databases.some((name) => name.toLowerCase() === database.toLowerCase()),
      );
      if (missing) {
        throw new PermanentError(
          "UNKNOWN_DATABASE",
          `SQL server "${server.alias}" has no database "${missing.database}".`,
        );
      }
    }),
  );
}
