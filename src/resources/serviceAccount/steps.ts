/** How the service account of the workload is made, removed and put back. */
import { z } from "zod";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { accountOf, clientOf, earlierOf, type OperationFacts } from "../definitions/operationFacts.ts";
import { defineStep, type Given, StepResult } from "../definitions/step.ts";
import { ensuring, removing } from "../kubernetesObject/objectSteps.ts";
import { accountKey, desiredAccount, serviceAccountRefs } from "./serviceAccount.ts";

const annotation = {
  serviceAccount: z.string(),
  adoptionPolicy: AdoptionPolicy,
  identity: z.object({ clientId: z.guid() }),
};

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
  ...ensuring<Given<typeof annotation>>((catalog, input) => [desiredAccount(catalog, input, input.identity.clientId)]),
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

const removed = {
  given: account,
  output: StepResult,
  ...removing<Given<typeof account>>(serviceAccountRefs),
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
