import { leave } from "../definitions/leftCatalog.ts";
import { defineStep } from "../definitions/step.ts";
import { removing } from "../kubernetesObject/objectSteps.ts";
import { ensuringForAccount, type OfAccount, ofAccount, ofReplacedAccount } from "./forAccount.ts";
import { desiredAccount, serviceAccountRefs } from "./serviceAccount.ts";

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

const removed = { ...removing<OfAccount>(serviceAccountRefs), whenDropped: leave };

export const removeServiceAccount = defineStep({
  name: "removeServiceAccount",
  stage: "disconnect",
  target: "namespace",
  undo: { by: "returnServiceAccount" },
  ...ofAccount,
  ...removed,
});

export const retireServiceAccount = defineStep({ name: "retireServiceAccount", ...ofReplacedAccount, ...removed });
