/** The steps of an operation, in the order in which a status document shows them. */

import type { Berth } from "../naming/names.ts";
import { berthKey, identityName } from "../naming/names.ts";
import { replacedBy } from "../request/change.ts";
import type { DatabaseRequest } from "../targets/sqlDatabase.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { type Migration, MigrationPhase, reaches } from "./migration.ts";
import type { OperationKind } from "./operation.ts";

export interface StepName {
  readonly name: string;
  readonly target: string;
}

export interface More {
  /** Of a change, or an offboarding after one that ended half-way: the request that is replaced. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Of a compensation: the names of the undos that it runs. */
  readonly undos?: readonly string[] | undefined;
  /** How far a migration is to go; of an offboarding or a repair: one that is under way, so that both identity modes may be there. */
  readonly migration?: Pick<Migration, "until"> | undefined;
}

export function plannedSteps(
  kind: OperationKind,
  request: OnboardingRequest,
  { earlier, undos = [], migration }: More = {},
): readonly StepName[] {
  if (kind === "migrate") return migrationSteps(request, migration ?? { until: "retire" });
  if (kind === "compensate") return undos.map((undo) => undoStep(request, undo));
  const replaced = earlier ? replacingSteps(request, earlier) : [];
  if (kind === "offboard") {
    // A user that is dropped need not be narrowed before.
    const others = migration ? otherModeSteps(request) : [];
    const [check, ...removals] = ownSteps(kind, request);
    const before = check ? [check] : [];
    return [...before, ...replaced.filter(({ name }) => name !== "narrowDatabase"), ...others, ...removals];
  }
  const own = ownSteps(kind, request);
  // In the middle of a migration both identity modes stand side by side, and neither is left over.
  const isMigrating = kind === "repair" && migration !== undefined;
  return [...(isMigrating ? own.filter(({ name }) => name !== "removeLeftovers") : own), ...replaced];
}

function migrationSteps(berth: Berth, migration: Pick<Migration, "until">): readonly StepName[] {
  const identity = { target: identityName(berth) };
  const namespace = { target: berthKey(berth) };
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
  return MigrationPhase.options.flatMap((phase) => (reaches(phase, migration) ? phases[phase] : []));
}

/** What an offboarding has to take away besides when a migration has both modes side by side. */
function otherModeSteps(request: OnboardingRequest): readonly StepName[] {
  const namespace = { target: berthKey(request) };
  if (request.identityMode === "workloadIdentity") return [{ name: "removePodIdentity", ...namespace }];
  return [{ name: "removeServiceAccount", ...namespace }];
}

function replacingSteps(request: OnboardingRequest, earlier: OnboardingRequest): readonly StepName[] {
  const { removed, narrowed, serviceAccount } = replacedBy(request, earlier);
  const targetOf = ({ server, database }: DatabaseRequest) => `${server}/${database}`;
  return [
    ...narrowed.map((database) => ({ name: "narrowDatabase", target: targetOf(database) })),
    ...removed.map((database) => ({ name: "retireDatabase", target: targetOf(database) })),
    ...(serviceAccount === undefined
      ? []
      : [
          { name: "retireServiceAccount", target: `${berthKey(request)}/${serviceAccount}` },
          { name: "retireCredential", target: `${berthKey(request)}/${serviceAccount}` },
        ]),
  ];
}

/** `revokeDatabase sql-dev/orders` names its target; the other undos have the one that their step has. */
function undoStep(berth: Berth, undo: string): StepName {
  const [name = "", target] = undo.split(" ");
  const isOfIdentity = name === "removeIdentity" || name === "unfederateIdentity";
  return { name, target: target ?? (isOfIdentity ? identityName(berth) : berthKey(berth)) };
}

function ownSteps(kind: OperationKind, request: OnboardingRequest): readonly StepName[] {
  const berth: Berth = request;
  const identity = { target: identityName(berth) };
  const namespace = { target: berthKey(berth) };
  const databases = request.databases.map(({ server, database }) => ({ target: `${server}/${database}` }));
  const isWorkload = request.identityMode === "workloadIdentity";
  if (kind === "offboard") {
    return [
      { name: "checkDependants", ...namespace },
      { name: isWorkload ? "removeServiceAccount" : "removePodIdentity", ...namespace },
      ...databases.map((database) => ({ name: "revokeDatabase", ...database })),
      // In either mode: an identity that is not Mooring's stays, and a credential of an earlier mode must not.
      { name: "unfederateIdentity", ...identity },
      { name: "removeIdentity", ...identity },
      { name: "removeNamespace", ...namespace },
      { name: "verifyRemoval", ...namespace },
    ];
  }
  return [
    { name: kind === "repair" ? "checkNamespace" : "preflight", ...namespace },
    { name: "ensureIdentity", ...identity },
    { name: "applyNamespace", ...namespace },
    ...databases.map((database) => ({ name: "grantDatabase", ...database })),
    { name: isWorkload ? "applyServiceAccount" : "applyPodIdentity", ...namespace },
    ...(isWorkload ? [{ name: "federateIdentity", ...identity }] : []),
    ...(kind === "repair" ? [{ name: "removeLeftovers", ...namespace }] : []),
    { name: "verify", ...namespace },
  ];
}
