import { leavingDropped } from "../resources/definitions/leftCatalog.ts";
import * as steps from "../resources/podIdentity/effects.ts";
import { stepActivity } from "./host.ts";

export const applyPodIdentity = stepActivity(steps.applyPodIdentity);
export const removePodIdentity = stepActivity(leavingDropped(steps.removePodIdentity));
export const restorePodIdentity = stepActivity(steps.restorePodIdentity);
export const returnPodIdentity = stepActivity(steps.returnPodIdentity);
