import { leavingDropped } from "../resources/definitions/leftCatalog.ts";
import * as steps from "../resources/federatedCredential/effects.ts";
import { stepActivity } from "./host.ts";

/** A separate activity, for migrations. */
export const federateIdentity = stepActivity(steps.federateIdentity);
export const unfederateIdentity = stepActivity(leavingDropped(steps.unfederateIdentity));
export const returnCredential = stepActivity(steps.returnCredential);
export const retireCredential = stepActivity(leavingDropped(steps.retireCredential));
