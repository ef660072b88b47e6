import * as steps from "../resources/sqlAdmin/effects.ts";
import { stepActivity } from "./host.ts";

export const ensureSqlAdmin = stepActivity(steps.ensureSqlAdmin);
export const unsetSqlAdmin = stepActivity(steps.unsetSqlAdmin);
