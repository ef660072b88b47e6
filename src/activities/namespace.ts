import { leavingDropped } from "../resources/definitions/leftCatalog.ts";
import { ensureIdentity } from "../resources/identity/effects.ts";
import * as steps from "../resources/namespace/effects.ts";
import { combinedActivity, stepActivity } from "./host.ts";

/** The identity and its namespace: neither needs the other. */
export const prepareNamespace = combinedActivity("prepareNamespace", ensureIdentity, steps.applyNamespace);
export const removeNamespace = stepActivity(leavingDropped(steps.removeNamespace));
export const restoreNamespace = stepActivity(steps.restoreNamespace);
