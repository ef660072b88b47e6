/** Selects onboarded namespaces, with the same fields in the query of a list and in the body of a batch. */
import { z } from "zod";
import { findingCatalogue, severities } from "../errors/findings.ts";
import { type Finding, severityOf } from "../finding.ts";
import { IdentityMode } from "../request/request.ts";
import type { NamespaceRecord } from "./namespaceRecord.ts";
import { NamespaceState } from "./namespaceState.ts";

const findingCodes = Object.keys(findingCatalogue) as (keyof typeof findingCatalogue)[];

const FindingsFilter = z.enum(["any", "none", ...severities, ...findingCodes], {
  error: `takes any, none, ${severities.join(", ")} or the code of a finding, such as ${findingCodes[0]}`,
});
export type FindingsFilter = z.infer<typeof FindingsFilter>;

export const NamespaceFilter = z
  .strictObject({
    cluster: z.string().exactOptional().meta({ description: "The cluster's alias." }),
    team: z.string().exactOptional().meta({ description: "The team that owns the namespace." }),
    state: NamespaceState.exactOptional(),
    identityMode: IdentityMode.exactOptional(),
    findings: FindingsFilter.exactOptional().meta({
      description:
        "What the last verification found: any, none, at least one of a severity, or the code of a finding (docs/findings.md).",
    }),
  })
  .meta({
    id: "NamespaceFilter",
    description: "Namespaces that match all of these; without any condition, all namespaces.",
  });
export type NamespaceFilter = z.infer<typeof NamespaceFilter>;

export function meets(record: NamespaceRecord, filter: NamespaceFilter): boolean {
  const { cluster, team, state, identityMode, findings } = filter;
  return (
    (cluster === undefined || record.cluster === cluster) &&
    (team === undefined || record.team === team) &&
    (state === undefined || record.state === state) &&
    (identityMode === undefined || record.request.identityMode === identityMode) &&
    (findings === undefined || hasFindings(record.findings ?? [], findings))
  );
}

function hasFindings(found: readonly Finding[], wanted: FindingsFilter): boolean {
  if (wanted === "none") return found.length === 0;
  return found.some((each) => wanted === "any" || each.code === wanted || severityOf(each) === wanted);
}
