/**
 * Which undos an operation has, and before which steps each is registered. From here they are registered while an operation
 * runs, run again by name when they failed, and planned for whoever is about to cancel.
 */
import { isCode } from "../errors.ts";
import type { OnboardingRequest } from "../request/request.ts";
import type { MigrationPhase } from "./migration.ts";
import type { OperationKind, OperationStatus } from "./operation.ts";
import type { More } from "./steps.ts";

export interface UndoStage {
  /** Names of the steps before whose first one the undos are registered: they begin together. */
  readonly steps: readonly string[];
  /** Names of undos, in the order in which they are registered; they run the other way round. */
  readonly undos: readonly string[];
  /** Of a migration: a failure undoes the phase in which it comes, a cancellation all of them. */
  readonly phase?: MigrationPhase;
}

/** In the order in which they come. An operation that has none undoes nothing: what it did by then stays. */
export function undoStages(
  kind: OperationKind,
  request: OnboardingRequest,
  { earlier }: Pick<More, "earlier"> = {},
): readonly UndoStage[] {
  if (kind === "migrate") return migrationStages(request);
  if (kind !== "onboard" && kind !== "change") return [];
  const { databases, identityMode } = request;
  const restore = (undo: string) => (earlier ? [undo] : []);
  const isWorkload = identityMode === "workloadIdentity";
  return [
    {
      steps: ["ensureIdentity", "applyNamespace"],
      undos: ["removeNamespace", ...restore("restoreNamespace"), "removeIdentity"],
    },
    {
      steps: ["grantDatabase", "applyServiceAccount", "federateIdentity", "applyPodIdentity"],
      undos: [
        ...databases.map(({ server, database }) => revocationOf(server, database)),
        ...(isWorkload
          ? ["unfederateIdentity", "removeServiceAccount"]
          : ["removePodIdentity", ...restore("restorePodIdentity")]),
      ],
    },
  ];
}

function migrationStages({ identityMode }: OnboardingRequest): readonly UndoStage[] {
  const wasCutOver = identityMode === "workloadIdentity";
  return [
    { phase: "sideBySide", steps: ["applyServiceAccount"], undos: ["removeServiceAccount"] },
    { phase: "sideBySide", steps: ["federateIdentity"], undos: ["unfederateIdentity"] },
    ...(wasCutOver ? [] : [{ phase: "cutOver" as const, steps: ["cutOver"], undos: ["undoCutOver"] }]),
    { phase: "retire", steps: ["removePodIdentity"], undos: ["returnPodIdentity"] },
  ];
}

/** The name under which a status reports the undo of a grant; no other undo has a target in its name. */
export function revocationOf(server: string, database: string): string {
  return `revokeDatabase ${server}/${database}`;
}

interface Begun {
  readonly name: string;
  readonly status: OperationStatus;
  readonly error?: { readonly code: string };
}

/** What a cancel would run now, in that order, by the operation's own steps that have begun. */
export function registeredUndos(
  kind: OperationKind,
  request: OnboardingRequest,
  { earlier, steps }: Pick<More, "earlier"> & { readonly steps: readonly Begun[] },
): readonly string[] {
  const begun = undoStages(kind, request, { earlier }).filter((stage) =>
    steps.some(({ name }) => stage.steps.includes(name)),
  );
  const failed = steps.find(({ status, error }) => status === "Failed" && !isCode(error?.code, "OPERATION_CANCELED"));
  const isTooLate = kind === "migrate" && failed !== undefined;
  // A migration that has failed by itself undoes the phase in which it did; the earlier ones stay, whoever cancels then.
  const phase = begun.find((stage) => failed && stage.steps.includes(failed.name))?.phase;
  const concerned = isTooLate ? begun.filter((stage) => phase !== undefined && stage.phase === phase) : begun;
  return concerned.flatMap(({ undos }) => undos).toReversed();
}
