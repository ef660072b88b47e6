/** How the service account of the workload is made, removed and put back. */
import { z } from "zod";
import { findCluster } from "../../domain/catalog/clusters.ts";
import type { Berth } from "../../domain/naming/names.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { ObjectRef, Ports } from "../../ports.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { accountOf, clientOf, earlierOf, type OperationFacts } from "../definitions/operationFacts.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import {
  defineStep,
  type Given,
  type Looking,
  type Planning,
  type StepContext,
  type StepInput,
  StepResult,
} from "../definitions/step.ts";
import { withUnknownClientId } from "../definitions/unknownClientId.ts";
import { ensureObjects } from "../kubernetesObject/ensureObjects.ts";
import { planObjectRemoval, planObjects } from "../kubernetesObject/planObjects.ts";
import { removeObjects } from "../kubernetesObject/removeObjects.ts";
import { accountKey, desiredAccount, serviceAccountRefs } from "./serviceAccount.ts";

const annotation = {
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
};
type Annotated = Given<typeof annotation>;

/** The account with the identity that its tokens are exchanged for. */
const annotated = {
  given: annotation,
  output: StepResult,
  target: "namespace",
  from: (operation: OperationFacts) => ({
    serviceAccount: accountOf(operation),
    adoptionPolicy: operation.request.adoptionPolicy,
    identity: clientOf(operation),
  }),
  async look(ports: Ports, input: Looking & Annotated, { kind, step }: Planning) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const desired = desiredAccount(ports.catalog, input, input.identity.clientId);
    const ensuring = { ...input, kind, recordedMark: recordedMarks(ports, input), step };
    return withUnknownClientId(await planObjects(ports.kubernetes, cluster, [desired], ensuring));
  },
  async run(input: StepInput & Annotated, ports: Ports, step: StepContext) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const desired = desiredAccount(ports.catalog, input, input.identity.clientId);
    const ensuring = { ...input, recordedMark: recordedMarks(ports, input), step };
    return { action: await ensureObjects(ports.kubernetes, cluster, [desired], ensuring) };
  },
} as const;

export const applyServiceAccount = defineStep({
  name: "applyServiceAccount",
  stage: "connect",
  undo: { by: "removeServiceAccount" },
  ...annotated,
});

/** Puts it back when a migration fails to remove it, or is canceled at that point. */
export const returnServiceAccount = defineStep({ name: "returnServiceAccount", ...annotated });

const account = { serviceAccount: z.string() };
type Removed = Given<typeof account>;

const removed = {
  given: account,
  output: StepResult,
  look: (ports: Ports, input: Looking & Removed, { step }: Planning) =>
    planAway(ports, { ...input, step }, serviceAccountRefs(input)),
  async run(input: StepInput & Removed, ports: Ports, step: StepContext) {
    const cluster = findCluster(ports.catalog, input.cluster);
    const removal = { ...input, recordedMark: recordedMarks(ports, input), step };
    return { action: await removeObjects(ports.kubernetes, cluster, serviceAccountRefs(input), removal) };
  },
  whenDropped: leave,
} as const;

export const removeServiceAccount = defineStep({
  name: "removeServiceAccount",
  stage: "disconnect",
  target: "namespace",
  undo: { by: "returnServiceAccount" },
  from: (operation) => ({ serviceAccount: accountOf(operation) }),
  ...removed,
});

/** The same for a service account that a change replaces. */
export const retireServiceAccount = defineStep({
  name: "retireServiceAccount",
  stage: "replace",
  target: (input) => accountKey(input, input.serviceAccount),
  from: (operation) => ({ serviceAccount: earlierOf(operation).serviceAccount }),
  ...removed,
});

export async function planAway(
  ports: Pick<Ports, "catalog" | "kubernetes" | "registry">,
  { cluster, namespace, ...input }: Berth & { readonly createdBy?: string | undefined; readonly step: StepKey },
  refs: readonly ObjectRef[],
) {
  const berth = { cluster, namespace };
  const removal = { ...berth, ...input, recordedMark: recordedMarks(ports, berth) };
  return await planObjectRemoval(ports.kubernetes, findCluster(ports.catalog, cluster), refs, removal);
}
