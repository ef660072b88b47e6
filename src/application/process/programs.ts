/**
 * What each operation does, from its first look to its last proof. An orchestration runs the stages of its program one after the other,
 * plans, statuses and estimates list their steps, and a cancel, a compensation and a resumption ask them for undos (undoStages.ts).
 */
import { type Migration, MigrationPhase, reaches, targetOf } from "../../domain/operation/migration.ts";
import type { ProgramName } from "../../domain/operation/program.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { Leaving } from "../../resources/definitions/resource.ts";
import { steps } from "./index.ts";
import { added, made, madeInside, removedInTurn, removedTogether, replaced, retired } from "./stages.ts";

/** What the first look found, or the steps that have begun show, and the request does not say. */
export interface Known {
  /** The SQL servers whose administrator is set. */
  readonly admins?: readonly string[] | undefined;
  /** Something is there that only `removeLeftovers` removes. */
  readonly hasLeftovers?: boolean | undefined;
  /** Something is in the way of a removal. */
  readonly isHeld?: boolean | undefined;
  /** The undos that a compensation runs. */
  readonly undos?: readonly StepKey[] | undefined;
}

export interface Stage {
  readonly name: StageName;
  readonly steps: readonly StepKey[];
  /** They begin at the same time; otherwise one after the other. */
  readonly together?: true;
  /** The undo of each is registered before any that begins with it. */
  readonly isUndone?: true;
}

/** Those of a migration have the names of its phases. */
export type StageName =
  | ("look" | "administer" | "takeAway" | "prepare" | "connect" | "inside" | "tidy" | "prove")
  | ("revoke" | "shut" | "lookAgain" | "clear" | "undo")
  | MigrationPhase;

type Program = (operation: OperationFacts, known: Known) => readonly Stage[];

const inTurn = (name: StageName, keys: readonly StepKey[]): Stage => ({ name, steps: keys });
const together = (name: StageName, keys: readonly StepKey[]): Stage => ({ name, steps: keys, together: true });
const alone = (name: StageName, step: StepName, operation: OperationFacts) =>
  inTurn(name, [steps[step].keyFor(operation)]);
const undone = (stage: Stage): Stage => ({ ...stage, isUndone: true });

const programs: Readonly<Record<ProgramName, Program>> = {
  onboard: (operation, known) => [
    alone("look", "preflight", operation),
    ...given(operation, known).map(undone),
    alone("prove", "verify", operation),
  ],

  /** Adds, and removes last (docs/adr/0007-change-takes-away-last.md): what is verified is not undone. */
  change(operation, known) {
    const last = replaced(operation);
    return [...programs.onboard(operation, known), ...(last.length > 0 ? [together("retire", last)] : [])];
  },

  /** Neither team ever has what the other one asked for, however the operation ends: the namespace is handed over in between. */
  takeOver: (operation, known) =>
    programs
      .onboard(operation, known)
      .flatMap((stage) => (stage.name === "prepare" ? [together("takeAway", replaced(operation)), stage] : [stage])),

  /** Some access has ended: that goes first, whatever is wrong with what stays. It gives nothing and undoes nothing. */
  endAccess: (operation) => [
    alone("look", "preflight", operation),
    together("takeAway", replaced(operation)),
    together("prepare", made(operation, "prepare")),
    together("inside", madeInside(operation)),
    alone("prove", "verify", operation),
  ],

  /** The steps of an onboarding, which look first. Undoing them would break things again. */
  repair: (operation, known) => [
    alone("look", "checkNamespace", operation),
    ...given(operation, known),
    ...(operation.modeBeside && !known.hasLeftovers ? [] : [alone("tidy", "removeLeftovers", operation)]),
    alone("prove", "verify", operation),
  ],

  offboard: (operation, known) => left(operation, known, known.isHeld === true),

  endNamespace: (operation, known) => left(operation, known, true),

  /** Until the phase that is asked for. */
  migrate(operation) {
    const { request } = operation;
    const migration: Pick<Migration, "to" | "from" | "until"> = operation.migration ?? { until: "retire" };
    const cutOver = alone("cutOver", "cutOver", operation);
    const removal = [steps.checkPods.keyFor(operation), ...retired(operation, migration)];
    const phases: Readonly<Record<MigrationPhase, Stage>> = {
      inventory: alone("inventory", "takeInventory", operation),
      sideBySide: undone(inTurn("sideBySide", added(operation, migration))),
      verify: alone("verify", "verifySideBySide", operation),
      cutOver: request.identityMode === targetOf(migration) ? cutOver : undone(cutOver),
      retire: undone(inTurn("retire", removal)),
    };
    const reached = MigrationPhase.options.filter((phase) => reaches(phase, migration)).map((phase) => phases[phase]);
    return reaches("retire", migration) ? [...reached, alone("prove", "verify", operation)] : reached;
  },

  compensate: (_operation, { undos = [] }) => [inTurn("undo", undos)],
};

/** Undone in reverse: what lets a pod become the identity goes first, and the identity before the namespace. */
function given(operation: OperationFacts, { admins = [] }: Known): readonly Stage[] {
  return [
    // Before everything else: nobody can log in to a database whose server has no administrator.
    together(
      "administer",
      admins.map((server) => steps.ensureSqlAdmin.keyFor(operation, server)),
    ),
    together("prepare", made(operation, "prepare")),
    together("connect", made(operation, "connect")),
  ];
}

/**
 * First what lets pods become the identity and what that may do; then what lets anybody become it, the identity, and the namespace last.
 * `isAtOnce`: no access waits for other access to go, and all of it has gone before a further look.
 */
function left(operation: OperationFacts, { hasLeftovers, isHeld }: Known, isAtOnce: boolean): readonly Stage[] {
  const access: readonly Leaving[] = ["access", "rights", ...(isAtOnce ? (["credential"] as const) : [])];
  const leftovers = hasLeftovers ? [steps.removeLeftovers.keyFor(operation)] : [];
  return [
    alone("look", "checkDependants", operation),
    together("revoke", [...removedTogether(operation, access), ...leftovers]),
    ...(isAtOnce ? [] : [inTurn("shut", removedInTurn(operation, ["credential"]))]),
    ...(isHeld ? [alone("lookAgain", "checkDependants", operation)] : []),
    inTurn("clear", removedInTurn(operation, ["identity", "namespace"])),
    alone("prove", "verifyRemoval", operation),
  ];
}

/** Those up to the proof, and those after it. */
export function aroundProof(stages: readonly Stage[]): readonly [readonly Stage[], readonly Stage[]] {
  const proof = stages.findIndex(({ name }) => name === "prove") + 1;
  return [stages.slice(0, proof), stages.slice(proof)];
}

export function stagesOf(operation: OperationFacts, known: Known = {}): readonly Stage[] {
  const { kind, program = kind } = operation;
  return programs[program](operation, known);
}

/** In the order in which a status shows them. */
export function plannedSteps(operation: OperationFacts, known: Known = {}): readonly StepKey[] {
  return stagesOf(operation, known).flatMap((stage) => stage.steps);
}

/** What the steps that have begun show. */
export function knownOf(begun: readonly { readonly name: string; readonly target: string }[]): Known {
  return {
    admins: begun.filter(({ name }) => name === steps.ensureSqlAdmin.name).map(({ target }) => target),
    hasLeftovers: begun.some(({ name }) => name === steps.removeLeftovers.name),
  };
}
