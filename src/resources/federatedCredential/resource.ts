/** Lets tokens of the service account be exchanged for tokens of the identity. */
import { traitsOf } from "../../domain/catalog/clusterKinds.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { federatedCredentialName, identityName } from "../../domain/naming/names.ts";
import { toStepPlan } from "../../domain/operation/plan.ts";
import { usesCredential } from "../../domain/request/identityModes.ts";
import { replacesAccount } from "../definitions/operationFacts.ts";
import { defineResource } from "../definitions/resource.ts";
import { inspectCredentials } from "./inspection.ts";
import { inspectIssuer, lookAtIssuer } from "./issuer.ts";
import { findLeftByGuests } from "./leftByGuests.ts";
import { hasOwnName } from "./ownName.ts";
import { desiredCredential, removalOf } from "./plan.ts";
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
  replace: (operation) =>
    replacesAccount(operation) && usesCredential(operation.request) ? [retireCredential.keyFor(operation)] : [],

  preflight: (ports, { cluster }) => lookAtIssuer(ports, cluster),

  armActions: () => [`${provider}/write`, `${provider}/delete`],

  inspect(ports, input) {
    const { request } = input;
    const cluster = findCluster(ports.catalog, request.cluster);
    const issuer = { target: `Cluster ${cluster.alias}`, read: () => inspectIssuer(ports, cluster) };
    const credentials = { target: identityName(request), read: () => inspectCredentials(ports, input) };
    return [
      ...(usesCredential(request) && !traitsOf(cluster).isManagedByAzure ? [issuer] : []),
      ...(input.hasIdentity ? [credentials] : []),
    ];
  },

  surplus: [
    {
      async look(ports, request, step) {
        const found = await findSurplusCredentials(ports, request);
        const action = found.length > 0 ? "delete" : "none";
        return toStepPlan(step, { action, differences: found.flatMap(removalOf) });
      },
      async run(ports, { request }, step) {
        const found = await findSurplusCredentials(ports, request);
        if (found.length === 0) return "none";
        await step.willDo("delete", found.flatMap(removalOf));
        const ref = identityRef(ports.catalog, request);
        for (const { name } of found) await ports.identities.removeFederatedCredential(ref, name);
        return "delete";
      },
    },
  ],

  remains({ catalog, identities, registry }, request) {
    const own = federatedCredentialName(request, request.serviceAccount);
    const read = async () => {
      const ref = identityRef(catalog, request);
      // They go with their identity.
      if ((await identities.get(ref)) === undefined) return [];
      const current = await identities.federatedCredentials(ref);
      const left = await findLeftByGuests({ catalog, registry }, request, current);
      return current
        .filter((each) => each.name === own || hasOwnName(each, request) || left.includes(each))
        .map(({ name }) => `Federated credential ${name} is still there.`);
    };
    return [read()];
  },

  exported(catalog, { request }) {
    const cluster = findCluster(catalog, request.cluster);
    const { subscriptionId, resourceGroup, name } = identityRef(catalog, request);
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
