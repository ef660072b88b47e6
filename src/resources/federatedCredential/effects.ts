import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { PermanentError } from "../../domain/errors.ts";
import { federatedCredentialName, identityName } from "../../domain/naming/names.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { StepAction } from "../../domain/operation/operation.ts";
import { throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import type { Kubernetes, Ports } from "../../ports.ts";
import { isMissed } from "../definitions/missed.ts";
import type { ResourceEffects } from "../definitions/resourceEffects.ts";
import { defineStep, RemovalInput, type StepContext, StepInput, StepResult } from "../definitions/step.ts";
import { accountKey } from "../serviceAccount/serviceAccount.ts";
import type { federatedCredential } from "./federatedCredential.ts";
import { inspectCredentials } from "./inspection.ts";
import { hasOwnName } from "./ownName.ts";
import { desiredCredential, planCredential, planFirstCredential, planUnfederation, removalOf } from "./plan.ts";
import { findSurplusCredentials } from "./surplus.ts";

/** Lets tokens of the service account be exchanged for tokens of the identity. */
export const federateIdentity = defineStep({
  name: "federateIdentity",
  input: StepInput.extend({
    serviceAccount: z.string(),
    /** The operation ends with this step. */
    isLast: z.boolean().optional(),
    /** What the operation did to the identity; absent where it has no step for it. */
    identity: z.object({ action: StepAction }).partial().optional(),
  }),
  output: StepResult,
  target: identityName,
  async run(input, ports, step) {
    const before = step.earlier();
    // An identity that this operation has created has no credentials before the step's first try. Should someone have been
    // faster, Azure refuses a second one for the service account, and the adapter says which.
    const isFirst = input.identity?.action === "create" && (await before) === undefined;
    const looking = isFirst ? planFirstCredential(ports, input) : planCredential(ports, input);
    const [{ plan, conflict, desired }, earlier] = await Promise.all([looking, before]);
    throwConflict(conflict);
    // A credential has no tags. The step's record, written before the credential, says that this operation creates it.
    const action = earlier?.action === "create" ? "create" : plan.action;
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

const UnfederateInput = RemovalInput.extend({ serviceAccount: z.string() });

async function unfederate(
  input: z.infer<typeof UnfederateInput> & { readonly isWhole?: boolean },
  ports: Ports,
  step: Pick<StepContext, "willDo">,
) {
  const { plan, found, isAbsent } = await planUnfederation(ports, input);
  if (plan.action === "delete") {
    await step.willDo("delete", plan.differences);
    const ref = identityRef(findCluster(ports.catalog, input.cluster), input);
    for (const name of found) await ports.identities.removeFederatedCredential(ref, name);
  }
  const made = { madeBy: "federateIdentity", isOnboarded: hasCredential } as const;
  const isSurprising = isAbsent && (await isMissed(ports, input, made));
  return { action: plan.action, ...(isSurprising ? { isMissed: true } : {}) };
}

function hasCredential({ request }: NamespaceRecord): boolean {
  return request.identityMode === "workloadIdentity";
}

export const unfederateIdentity = defineStep({
  name: "unfederateIdentity",
  input: UnfederateInput,
  output: StepResult,
  target: identityName,
  run: (input, ports, step) => unfederate({ ...input, isWhole: input.looksAgain === true }, ports, step),
});

/** The same for a service account that a change replaces. */
export const retireCredential = defineStep({
  name: "retireCredential",
  input: UnfederateInput,
  output: StepResult,
  target: (input) => accountKey(input, input.serviceAccount),
  run: unfederate,
});

/** Puts it back when a migration to pod identity fails to remove it, or is canceled at that point. */
export const returnCredential = defineStep({
  name: "returnCredential",
  // `createdBy`, as in every undo, keeps a cancellation from stopping it.
  input: StepInput.extend({ serviceAccount: z.string(), createdBy: z.string() }),
  output: StepResult,
  target: identityName,
  async run(input, ports, step) {
    const { plan, conflict, desired } = await planCredential(ports, input);
    throwConflict(conflict);
    if (plan.action !== "create" && plan.action !== "update") return { action: plan.action };
    await step.willDo(plan.action, plan.differences);
    const ref = identityRef(findCluster(ports.catalog, input.cluster), input);
    await ports.identities.putFederatedCredential(ref, desired);
    return { action: plan.action };
  },
});

const provider = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

export const federatedCredentialEffects: ResourceEffects<keyof typeof federatedCredential.steps> = {
  looks: {
    federateIdentity: async (ports, { request }) => (await planCredential(ports, request)).plan,
    async unfederateIdentity(ports, { kind, request: { cluster, namespace, serviceAccount }, createdBy }) {
      const isWhole = kind === "offboard";
      return (await planUnfederation(ports, { cluster, namespace, serviceAccount, createdBy, isWhole })).plan;
    },
    async returnCredential(ports, { request, step }) {
      return { ...(await planCredential(ports, request)).plan, ...step };
    },
    async retireCredential(ports, { request, earlier = request, step }) {
      const { cluster, namespace, serviceAccount } = earlier;
      return { ...(await planUnfederation(ports, { cluster, namespace, serviceAccount })).plan, ...step };
    },
  },

  preflight: ({ kubernetes }, { cluster }) => [
    { about: "cluster", look: async () => void (await expectIssuer(kubernetes, cluster)) },
  ],

  armActions: () => [`${provider}/write`, `${provider}/delete`],

  inspect: (ports, input) =>
    input.hasIdentity ? [{ target: identityName(input.request), read: () => inspectCredentials(ports, input) }] : [],

  async takeAway(ports, { request: { serviceAccount }, ...input }, step) {
    return (await unfederate({ ...input, serviceAccount }, ports, step)).action;
  },

  surplus: {
    async look(ports, { request, step }) {
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
};

async function expectIssuer(kubernetes: Kubernetes, cluster: ClusterTarget): Promise<void> {
  const issuer = await kubernetes.issuer(cluster);
  if (issuer === cluster.oidcIssuer) return;
  throw new PermanentError(
    "OIDC_ISSUER_MISMATCH",
    `Cluster "${cluster.alias}" says that its issuer is ${issuer}, the catalog says ${cluster.oidcIssuer ?? "nothing"}.`,
  );
}
