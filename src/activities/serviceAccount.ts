import { leavingDropped } from "../resources/definitions/leftCatalog.ts";
import { federateIdentity } from "../resources/federatedCredential/effects.ts";
import * as steps from "../resources/serviceAccount/effects.ts";
import { combinedActivity, stepActivity } from "./host.ts";

/** Lets pods of the service account become the identity: the cluster's half and Azure's half. */
export const connectWorkload = combinedActivity("connectWorkload", steps.applyServiceAccount, federateIdentity);
/** A separate activity, for migrations: there the account comes before the credential. */
export const applyServiceAccount = stepActivity(steps.applyServiceAccount);
export const removeServiceAccount = stepActivity(leavingDropped(steps.removeServiceAccount));
export const returnServiceAccount = stepActivity(steps.returnServiceAccount);
export const retireServiceAccount = stepActivity(leavingDropped(steps.retireServiceAccount));
