/** The service account of the workload, annotated with the identity that its tokens are exchanged for. */

import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { usesServiceAccount } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import type { Kubernetes, ObjectRef } from "../../ports/kubernetes.ts";
import type { Reading } from "../definitions/inspection.ts";
import { replacesAccount } from "../definitions/operationFacts.ts";
import { defineResource } from "../definitions/resource.ts";
import { refOf } from "../kubernetesObject/ensureObjects.ts";
import { inspectObject, remainsOfAll } from "../kubernetesObject/inspectObjects.ts";
import { surplusOf } from "../kubernetesObject/objectSteps.ts";
import { desiredAccount, serviceAccountRefs } from "./serviceAccount.ts";
import { applyServiceAccount, removeServiceAccount, retireServiceAccount, returnServiceAccount } from "./steps.ts";
import { findSurplusAccounts, inspectLeftAccount, surplusFinding } from "./surplus.ts";

export const serviceAccount = defineResource({
  steps: { applyServiceAccount, removeServiceAccount, retireServiceAccount, returnServiceAccount },
  making: "connect",
  leaving: "access",
  ensure: (operation) => [applyServiceAccount.keyFor(operation)],
  remove: (operation) => [removeServiceAccount.keyFor(operation)],
  replace: (operation) => (replacesAccount(operation) ? [retireServiceAccount.keyFor(operation)] : []),

  preflight: ({ kubernetes }, { cluster }) => [
    { about: "cluster", look: async () => void (await expectWebhook(kubernetes, cluster)) },
  ],

  inspect({ catalog, kubernetes }, { request, earlier, clientId, modeBeside, note }) {
    const cluster = findCluster(catalog, request.cluster);
    const target = `Namespace ${request.namespace}`;
    const isOwn = usesServiceAccount(request);
    const desired = desiredAccount(catalog, request, clientId);
    const own: Reading = { target, read: () => inspectObject(kubernetes, cluster, desired, note) };
    // The migration may have made another account than the request names.
    if (modeBeside) return isOwn ? [own] : [];
    // A change removes the earlier account at its end.
    const replaced = earlier && replacedAccount(request, earlier);
    const others: Reading = {
      target,
      needsPast: true,
      async read() {
        const surplus = await findSurplusAccounts(kubernetes, cluster, request);
        return surplus
          .filter(({ metadata }) => metadata.name !== replaced)
          .map((account) => surplusFinding(account, clientId));
      },
    };
    if (isOwn) return [own, others];
    const left = serviceAccountRefs(request).map(
      (ref): Reading => ({
        target,
        needsPast: true,
        read: () => inspectLeftAccount(kubernetes, cluster, { ref, namespaceRef: request, clientId }),
      }),
    );
    return [...left, others];
  },

  surplus: [{ ...surplusOf(surplusRefs), outlastsSteps: true }],

  remains: (ports, request) => remainsOfAll(ports, request, serviceAccountRefs(request)),

  exported: (catalog, { request, clientId }) => ({ objects: [desiredAccount(catalog, request, clientId)] }),
});

async function surplusRefs(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  request: OnboardingRequest,
): Promise<readonly ObjectRef[]> {
  const accounts = await findSurplusAccounts(kubernetes, findCluster(catalog, request.cluster), request);
  return accounts.map(refOf);
}

async function expectWebhook(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
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
