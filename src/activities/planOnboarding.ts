/** The plan of an onboarding: what every step finds and would do. Answers a dry run and is the preflight. */
import { needsApproval } from "../domain/approval.ts";
import type { ClusterTarget } from "../domain/catalog.ts";
import { PermanentError, TransientError } from "../domain/errors.ts";
import { berthKey } from "../domain/names.ts";
import { type Plan, type StepPlan, toOperationError } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import type { StepName } from "../domain/steps.ts";
import { plannedSteps } from "../domain/steps.ts";
import { findClusterFor, findDatabase } from "../domain/targets.ts";
import type { Kubernetes, ManagedIdentity, Ports } from "../ports.ts";
import { planDatabase } from "./databaseUser.ts";
import { planCredential } from "./federatedCredential.ts";
import { planIdentity } from "./identity.ts";
import { planNamespace } from "./namespace.ts";
import { planPodIdentity, podIdentityApi } from "./podIdentity.ts";
import { planServiceAccount } from "./serviceAccount.ts";

type Look = (ports: Ports, input: LookInput) => Promise<StepPlan>;

interface LookInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly identity: ManagedIdentity | undefined;
  readonly step: StepName;
}

export async function planOnboarding(
  ports: Ports,
  { operation, request }: { operation: string; request: OnboardingRequest },
): Promise<Plan> {
  const identity = await planIdentity(ports, { ...request, operation }).catch((error: unknown) => error);
  const current = identity instanceof Error || !isDecision(identity) ? undefined : identity.current;

  const steps = await Promise.all(
    plannedSteps("onboard", request)
      .filter(({ name }) => name !== "verify")
      .map(async (step) => {
        try {
          if (step.name === "ensureIdentity") {
            if (isDecision(identity)) return identity.plan;
            throw identity;
          }
          return await lookOf(step.name)(ports, { operation, request, identity: current, step });
        } catch (error) {
          return blocked(step, error);
        }
      }),
  );
  const needed = needsApproval(ports.catalog, request);
  return { steps, blocked: steps.some(({ blockers }) => blockers.length > 0), needsApproval: needed };
}

function isDecision(value: unknown): value is Awaited<ReturnType<typeof planIdentity>> {
  return typeof value === "object" && value !== null && "plan" in value;
}

/** A known error is a blocker of its step; one that nobody foresaw is not a plan's to explain. */
function blocked(step: StepName, error: unknown): StepPlan {
  if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
  return { ...step, action: "conflict", differences: [], blockers: [toOperationError(error.code, error.message)] };
}

/** Stands for the client id of an identity that is not there yet. */
const unknownClientId = "00000000-0000-0000-0000-000000000000";

const looks: Record<string, Look> = {
  preflight: async (ports, { request, step }) => {
    await Promise.all([checkCluster(ports, request), checkServers(ports, request)]);
    return { ...step, action: "none", differences: [], blockers: [] };
  },
  applyNamespace: (ports, { operation, request }) => planNamespace(ports, { ...request, operation }),
  grantDatabase: async (ports, { operation, request, identity, step }) => {
    const database = request.databases.find(({ server, database }) => `${server}/${database}` === step.target);
    if (!database) throw new Error(`no database of the request is ${step.target}`);
    return (await planDatabase(ports, { ...request, operation, database, identity })).plan;
  },
  applyServiceAccount: (ports, { operation, request, identity }) =>
    planServiceAccount(ports, { ...request, operation, identity: identity ?? { clientId: unknownClientId } }),
  applyPodIdentity: (ports, { operation, request, identity }) =>
    planPodIdentity(ports, {
      ...request,
      operation,
      selector: request.selector ?? request.namespace,
      identity: identity ?? { clientId: unknownClientId },
    }),
  federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
};

function lookOf(name: string): Look {
  const look = looks[name];
  if (!look) throw new Error(`step ${name} has no plan`);
  return look;
}

async function checkCluster(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  request: OnboardingRequest,
): Promise<void> {
  const cluster = findClusterFor(catalog, request.cluster, request.identityMode);
  const check = request.identityMode === "podIdentity" ? checkPodIdentity : checkWorkloadIdentity;
  await Promise.all([checkNamespace(kubernetes, cluster, request), check(kubernetes, cluster)]);
}

async function checkNamespace(
  kubernetes: Kubernetes,
  cluster: ClusterTarget,
  request: OnboardingRequest,
): Promise<void> {
  const namespace = await kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name: request.namespace });
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  throw new PermanentError("NAMESPACE_TERMINATING", `Namespace ${berthKey(request)} is being deleted.`);
}

async function checkPodIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const kinds = await kubernetes.kinds(cluster, podIdentityApi);
  if (kinds.includes("AzureIdentity") && kinds.includes("AzureIdentityBinding")) return;
  throw new PermanentError("POD_IDENTITY_NOT_INSTALLED", `Cluster "${cluster.alias}" has no ${podIdentityApi} kinds.`);
}

async function checkWorkloadIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
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
