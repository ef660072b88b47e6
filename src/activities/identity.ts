import * as steps from "../resources/identity/effects.ts";
import { stepActivity } from "./host.ts";

export const removeIdentity = stepActivity(steps.removeIdentity);
