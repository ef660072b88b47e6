import * as steps from "../application/operation/leftovers.ts";
import { stepActivity } from "./host.ts";

export const removeLeftovers = stepActivity(steps.removeLeftovers);
