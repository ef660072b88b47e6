/** How a step records a target: by `database` or by `target`, as its request names it. What follows asks for neither. */
import { type TargetKindName, type Targets, targetKinds } from "../../domain/targets/index.ts";
import { findTargetOf, TargetRequest } from "../../domain/targets/namedTarget.ts";
import { DatabaseRequest, findDatabaseOf } from "../../domain/targets/sqlDatabase.ts";
import { type Wanted, wantedIn } from "../../domain/targets/wanted.ts";
import type { Given } from "../definitions/step.ts";

/** One of the two. */
export const recorded = { database: DatabaseRequest.exactOptional(), target: TargetRequest.exactOptional() };
export type Recorded = Given<typeof recorded>;

export function recordedOf(request: Targets, kind: TargetKindName, key: string): Recorded {
  return kind === "sqlDatabase" ? { database: findDatabaseOf(request, key) } : { target: findTargetOf(request, key) };
}

/** As a request for nothing else. */
export function targetsBy({ database, target }: Recorded): Targets {
  return { databases: database ? [database] : [], ...(target ? { targets: [target] } : {}) };
}

export function wantedBy(input: Recorded): Wanted {
  const [wanted] = wantedIn(targetsBy(input));
  if (!wanted) throw new Error("a step on a target names none");
  return wanted;
}

/** What differs between the kinds for whoever reads steps, findings and rows. */
export const spellings = {
  sqlDatabase: {
    ...targetKinds.sqlDatabase.steps,
    resource: "sqlUser",
    ofOthers: "SQL_USER_OF_OTHERS",
    place: "server",
  },
  namedTarget: {
    ...targetKinds.namedTarget.steps,
    resource: "target",
    ofOthers: "TARGET_ACCESS_OF_OTHERS",
    place: "place",
  },
} as const;
