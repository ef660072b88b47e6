/** How the service account of the workload is made, removed and put back. */
import { z } from "zod";
import { leave } from "../definitions/leftCatalog.ts";
import { accountOf, earlierOf } from "../definitions/operationFacts.ts";
import { defineStep, type Given } from "../definitions/step.ts";
import { removing } from "../kubernetesObject/objectSteps.ts";
import { ensuringForAccount } from "./forAccount.ts";
import { accountKey, desiredAccount, serviceAccountRefs } from "./serviceAccount.ts";

/** The account with the identity that its tokens are exchanged for. */
const annotated = ensuringForAccount((catalog, input) => [desiredAccount(catalog, input, input.identity.clientId)]);

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
