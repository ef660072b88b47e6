/** Lets tokens of the service account be exchanged for tokens of the identity. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { federatedCredentialName, identityName } from "../../domain/naming/names.ts";
import { toStepPlan } from "../../domain/operation/plan.ts";
import type { Kubernetes } from "../../ports.ts";
import { replacesAccount } from "../definitions/operationFacts.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectCredentials } from "./inspection.ts";
import { hasOwnName } from "./ownName.ts";
import { desiredCredential, removalOf } from "./plan.ts";
import { checkPublishedIssuer } from "./publishedIssuer.ts";
import { federateIdentity, retireCredential, returnCredential, unfederateIdentity } from "./steps.ts";
import { findSurplusCredentials } from "./surplus.ts";

const provider = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

export const federatedCredential = defineResource({
  steps: { federateIdentity, unfederateIdentity, retireCredential, returnCredential },
  making: "connect",
  leaving: "credential",
  // An identity that is not Mooring's stays, but a credential from an earlier mode must not.
  leavesInAnyMode: true,
  ensure: (operation) => [federateIdentity.keyFor(operation)],
  remove: (operation) => [unfederateIdentity.keyFor(operation)],
  replace: (operation) => (replacesAccount(operation) ? [retireCredential.keyFor(operation)] : []),

  preflight: ({ kubernetes, issuers }, { cluster }) => [
    { about: "cluster", look: async () => void (await expectIssuer(kubernetes, cluster)) },
    ...(traitsOf(cluster).isManagedByAzure
      ? []
      : [{ about: "cluster", look: () => checkPublishedIssuer({ kubernetes, issuers }, cluster) } as const]),
  ],

  armActions: () => [`${provider}/write`, `${provider}/delete`],

  inspect: (ports, input) =>
    input.hasIdentity ? [{ target: identityName(input.request), read: () => inspectCredentials(ports, input) }] : [],

  surplus: {
    async look(ports, request, step) {
      const found = await findSurplusCredentials(ports, request);
      const action = found.length > 0 ? "delete" : "none";
      return toStepPlan(step, { action, differences: found.flatMap(removalOf) });
    },
    async takeAway(ports, { request }, step) {
      const found = await findSurplusCredentials(ports, request);
      if (found.length === 0) return "none";
      await step.willDo("delete", found.flatMap(removalOf));
      const ref = identityRef(findCluster(ports.catalog, request.cluster), request);
      for (const { name } of found) await ports.identities.removeFederatedCredential(ref, name);
      return "delete";
    },
  },

  remains({ catalog, identities }, request) {
    const own = federatedCredentialName(request, request.serviceAccount);
    const reading = identities.federatedCredentials(identityRef(findCluster(catalog, request.cluster), request));
    return [
      reading.then((current) =>
        current
          .filter((each) => each.name === own || hasOwnName(each, request))
          .map(({ name }) => `Federated credential ${name} is still there.`),
      ),
    ];
  },

  exported(catalog, { request }) {
    const cluster = findCluster(catalog, request.cluster);
    const { subscriptionId, resourceGroup, name } = identityRef(cluster, request);
    const credential = desiredCredential(cluster, request);
    const scope = ["--subscription", subscriptionId, "--resource-group", resourceGroup, "--identity-name", name];
    return {
      commands: [
        [
          ...["az", "identity", "federated-credential", "create", ...scope, "--name", credential.name],
          ...["--issuer", credential.issuer, "--subject", credential.subject, "--audiences", ...credential.audiences],
        ],
      ],
    };
  },
});

async function expectIssuer(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const issuer = await kubernetes.issuer(cluster);
  if (issuer === cluster.oidcIssuer) return;
  throw new PermanentError(
    "OIDC_ISSUER_MISMATCH",
    `Cluster "${cluster.alias}" says that its issuer is ${issuer}, the catalog says ${cluster.oidcIssuer ?? "nothing"}.`,
  );
}
