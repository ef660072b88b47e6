/** What has to be true of cluster, namespace and servers before an onboarding begins. Every obstacle is named, not only the first. */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findClusterFor } from "../../domain/catalog/clusters.ts";
import { findDatabase } from "../../domain/targets/sqlDatabase.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { berthKey } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toOperationError } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/steps.ts";
import { checkSameNamespace, checkTeam } from "../../domain/policy/berthOwner.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Kubernetes, ManagedIdentity, Ports } from "../../ports.ts";
import { podIdentityApi } from "../resources/podIdentity.ts";
import { checkKubeletRoles } from "./kubeletRoles.ts";
import { checkOwnPermissions } from "./ownPermissions.ts";

interface PreflightInput {
  readonly request: OnboardingRequest;
  readonly identity: ManagedIdentity | undefined;
  readonly takeOver: boolean;
  readonly step: StepName;
}

interface Findings {
  readonly blockers?: readonly OperationError[];
  readonly notices?: readonly OperationError[];
}

type Check = () => Promise<Findings | undefined>;

export async function planPreflight(ports: Ports, input: PreflightInput): Promise<StepPlan> {
  const { request, step } = input;
  const found = await Promise.all([...clusterChecks(ports, input), ...serverChecks(ports, request)].map(explain));
  // What several looks meet alike is one obstacle.
  const all = found.flatMap((each) => each.blockers ?? []);
  const blockers = [...new Map(all.map((each) => [`${each.code} ${each.message}`, each])).values()];
  const notices = found.flatMap((each) => each.notices ?? []);
  const action = blockers.length > 0 ? "conflict" : "none";
  return { ...step, action, differences: [], blockers, ...(notices.length > 0 ? { notices } : {}) };
}

/** A known error is a blocker; one that nobody foresaw is not a plan's to explain. */
async function explain(check: Check): Promise<Findings> {
  try {
    return (await check()) ?? {};
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    return { blockers: [toOperationError(error.code, error.message)] };
  }
}

function clusterChecks(ports: Ports, { request, identity, takeOver }: PreflightInput): readonly Check[] {
  let cluster: ClusterTarget;
  try {
    cluster = findClusterFor(ports.catalog, request.cluster, request.identityMode);
  } catch (error) {
    return [() => Promise.reject(error)];
  }
  const { kubernetes } = ports;
  const own: readonly Check[] =
    request.identityMode === "podIdentity"
      ? [nothingFrom(() => checkPodIdentity(kubernetes, cluster)), () => checkKubeletRoles(ports, cluster, identity)]
      : [nothingFrom(() => checkIssuer(kubernetes, cluster)), nothingFrom(() => checkWebhook(kubernetes, cluster))];
  const permissions = () => checkOwnPermissions(ports, cluster, { request, identity });
  return [...namespaceChecks(ports, cluster, { request, takeOver }), permissions, ...own];
}

function nothingFrom(check: () => Promise<void>): Check {
  return async () => {
    await check();
    return undefined;
  };
}

function namespaceChecks(
  { catalog, kubernetes, registry }: Ports,
  cluster: ClusterTarget,
  { request, takeOver }: Pick<PreflightInput, "request" | "takeOver">,
): readonly Check[] {
  const reading = Promise.all([
    registry.getNamespace(request),
    kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name: request.namespace }),
  ]);
  reading.catch(() => undefined); // Each check below meets the failure; without them it would be nobody's.
  return [
    nothingFrom(async () => {
      const [record] = await reading;
      if (record && !takeOver) checkTeam(catalog, record, request);
    }),
    nothingFrom(async () => {
      const [record, namespace] = await reading;
      const uids = { onboarded: record?.namespaceUid, current: namespace?.metadata.uid };
      if (!takeOver) checkSameNamespace(request, uids);
    }),
    nothingFrom(async () => {
      const [, namespace] = await reading;
      if (namespace?.metadata.deletionTimestamp === undefined) return;
      throw new PermanentError("NAMESPACE_TERMINATING", `Namespace ${berthKey(request)} is being deleted.`);
    }),
  ];
}

async function checkPodIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const kinds = await kubernetes.kinds(cluster, podIdentityApi);
  if (kinds.includes("AzureIdentity") && kinds.includes("AzureIdentityBinding")) return;
  throw new PermanentError("POD_IDENTITY_NOT_INSTALLED", `Cluster "${cluster.alias}" has no ${podIdentityApi} kinds.`);
}

/** The first obstacle, as an error. */
export async function checkWorkloadIdentity(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  await Promise.all([checkIssuer(kubernetes, cluster), checkWebhook(kubernetes, cluster)]);
}

async function checkIssuer(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const issuer = await kubernetes.issuer(cluster);
  if (issuer === cluster.oidcIssuer) return;
  throw new PermanentError(
    "OIDC_ISSUER_MISMATCH",
    `Cluster "${cluster.alias}" says that its issuer is ${issuer}, the catalog says ${cluster.oidcIssuer ?? "nothing"}.`,
  );
}

async function checkWebhook(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const webhook = await kubernetes.get(cluster, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    name: "azure-wi-webhook-mutating-webhook-configuration",
  });
  if (webhook) return;
  throw new PermanentError(
    "WORKLOAD_IDENTITY_NOT_INSTALLED",
    `Cluster "${cluster.alias}" has no workload identity webhook.`,
  );
}

/** One look at each server; a database that the catalog does not list is told by its own step. */
function serverChecks({ catalog, sqlServers }: Ports, request: OnboardingRequest): readonly Check[] {
  const targets = request.databases.flatMap((database) => {
    try {
      return [findDatabase(catalog, database)];
    } catch (error) {
      if (error instanceof PermanentError) return [];
      throw error;
    }
  });
  const servers = [...new Map(targets.map(({ server }) => [server.alias, server])).values()];
  return servers.map((server) => async () => {
    const state = await sqlServers.inspect(server);
    if (!state) {
      throw new PermanentError(
        "SQL_SERVER_MISSING",
        `Azure has no SQL server ${server.resourceId} ("${server.alias}").`,
      );
    }
    const blockers: OperationError[] = [];
    if (!state.entraAdmin) {
      const message = `SQL server "${server.alias}" has no Microsoft Entra administrator.`;
      blockers.push(toOperationError("SQL_ADMIN_MISSING", message));
    }
    const there = state.databases.map((name) => name.toLowerCase());
    for (const { database } of targets.filter((each) => each.server.alias === server.alias)) {
      if (there.includes(database.toLowerCase())) continue;
      const message = `SQL server "${server.alias}" has no database "${database}".`;
      blockers.push(toOperationError("UNKNOWN_DATABASE", message));
    }
    return { blockers };
  });
}
