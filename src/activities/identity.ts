import { leavingDropped } from "../resources/definitions/leftCatalog.ts";
import * as steps from "../resources/identity/effects.ts";
import { stepActivity } from "./host.ts";

export const removeIdentity = stepActivity(leavingDropped(steps.removeIdentity));
