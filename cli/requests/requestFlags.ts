/** One onboarding request from flags, or any number from files. */

import type { AdoptionPolicy, DeletePolicy, IdentityMode } from "../../src/domain/request/request.ts";
import type { Flags, Values } from "../arguments/flags.ts";
import { readBerth, readDatabase } from "../arguments/values.ts";
import { UsageError } from "../failures.ts";
import { readRequests } from "./readFiles.ts";

export const requestFlags = {
  filename: {
    short: "f",
    value: "file",
    many: true,
    summary: "Requests as JSON or YAML, - for standard input; several make a batch",
  },
  database: { value: "db=roles", many: true, summary: "Such as sql-dev/messages=reader,writer" },
  "identity-mode": {
    value: "mode",
    choices: ["workloadIdentity", "podIdentity"] satisfies readonly IdentityMode[],
    summary: "How the workload proves itself",
  },
  "service-account": { value: "name", summary: "Of the workload (app)" },
  selector: { value: "name", summary: "Value of the pod label aadpodidbinding (the namespace's name)" },
  "adoption-policy": {
    value: "policy",
    choices: ["Never", "IfIdentical", "Always"] satisfies readonly AdoptionPolicy[],
    summary: "What happens to what is there and is not Mooring's",
  },
  "delete-policy": {
    value: "policy",
    choices: ["Keep", "Delete"] satisfies readonly DeletePolicy[],
    summary: "Whether offboarding deletes the namespace that Mooring created",
  },
  team: { value: "name", summary: "For which team, when several of yours may ask for this" },
  "take-over": { summary: "Operators: take the namespace from the team that has it" },
} as const satisfies Flags;

type RequestValues = Values<typeof requestFlags>;

export interface Asked {
  readonly requests: readonly object[];
  readonly takeOver: boolean;
}

export async function readAsked(values: RequestValues, [berth]: readonly string[]): Promise<Asked> {
  const { filename } = values;
  const takeOver = values["take-over"];
  const fields = fieldsOf(values);
  if (filename.length > 0) {
    const [surplus] = [...(berth === undefined ? [] : [`"${berth}"`]), ...Object.keys(fields)];
    if (surplus !== undefined)
      throw new UsageError(`The request comes from -f or from flags; ${surplus} is given besides -f.`);
    const requests = await readRequests(filename);
    if (takeOver && requests.length > 1)
      throw new UsageError("--take-over takes one request: whoever takes something from a team does it one by one.");
    return { requests, takeOver };
  }
  if (berth === undefined) throw new UsageError("Name the namespace as cluster/namespace, or give requests with -f.");
  if (values.database.length === 0)
    throw new UsageError("Say what it shall reach: --database server/database=role,role.");
  return { requests: [{ ...readBerth(berth), ...fields }], takeOver };
}

/** Only what was given: the service has the defaults. */
function fieldsOf(values: RequestValues): Readonly<Record<string, unknown>> {
  const given = {
    identityMode: values["identity-mode"],
    databases: values.database.length === 0 ? undefined : values.database.map(readDatabase),
    serviceAccount: values["service-account"],
    selector: values.selector,
    adoptionPolicy: values["adoption-policy"],
    deletePolicy: values["delete-policy"],
    team: values.team,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
