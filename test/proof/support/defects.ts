/** Defects that the simulation must find, so that finding nothing in the real code is meaningful: at least one for each invariant. */
import { batches } from "./defects/batches.ts";
import type { Defects } from "./defects/defect.ts";
import { identities } from "./defects/identities.ts";
import { objects } from "./defects/objects.ts";
import { operations } from "./defects/operations.ts";
import { records } from "./defects/records.ts";
import { targets } from "./defects/targets.ts";

export const defects: Defects = { ...operations, ...records, ...identities, ...objects, ...targets, ...batches };
