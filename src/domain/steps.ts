/** The steps of an operation, in the order in which a status document shows them. */
import { MigrationPhase, reaches } from "./migration.ts";
import type { Berth } from "./names.ts";
import { berthKey, identityName } from "./names.ts";
import type { OperationKind } from "./operation.ts";
import type { OnboardingRequest } from "./request.ts";

export interface StepName {
  readonly name: string;
  readonly target: string;
}

export function plannedSteps(
  kind: OperationKind,
  request: OnboardingRequest,
  { until = "retire" }: { until?: MigrationPhase } = {},
): readonly StepName[] {
  const berth: Berth = request;
  const identity = { target: identityName(berth) };
  const namespace = { target: berthKey(berth) };
  const databases = request.databases.map(({ server, database }) => ({ target: `${server}/${database}` }));
  const isWorkload = request.identityMode === "workloadIdentity";
  if (kind === "migrate") {
    const phases: Record<MigrationPhase, readonly StepName[]> = {
      inventory: [{ name: "takeInventory", ...namespace }],
      sideBySide: [
        { name: "applyServiceAccount", ...namespace },
        { name: "federateIdentity", ...identity },
      ],
      verify: [{ name: "verifySideBySide", ...namespace }],
      cutOver: [{ name: "cutOver", ...namespace }],
      retire: [
        { name: "checkPods", ...namespace },
        { name: "removePodIdentity", ...namespace },
        { name: "verify", ...namespace },
      ],
    };
    return MigrationPhase.options.flatMap((phase) => (reaches(phase, { until }) ? phases[phase] : []));
  }
  if (kind === "offboard") {
    return [
      { name: isWorkload ? "removeServiceAccount" : "removePodIdentity", ...namespace },
      ...databases.map((database) => ({ name: "revokeDatabase", ...database })),
      ...(isWorkload ? [{ name: "unfederateIdentity", ...identity }] : []),
      { name: "removeIdentity", ...identity },
      { name: "removeNamespace", ...namespace },
      { name: "verifyRemoval", ...namespace },
    ];
  }
  return [
    ...(kind === "onboard" ? [{ name: "preflight", ...namespace }] : []),
    { name: "ensureIdentity", ...identity },
    { name: "applyNamespace", ...namespace },
    ...databases.map((database) => ({ name: "grantDatabase", ...database })),
    { name: isWorkload ? "applyServiceAccount" : "applyPodIdentity", ...namespace },
    ...(isWorkload ? [{ name: "federateIdentity", ...identity }] : []),
    ...(kind === "repair" ? [{ name: "removeLeftovers", ...namespace }] : []),
    { name: "verify", ...namespace },
  ];
}
