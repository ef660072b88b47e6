/**
 * Which steps make, replace, remove and migrate what a namespace has, in the order in which they run: a walk over all resources.
 * Orchestrations run these lists, and plans, statuses and undos read them.
 */
import { namesOf } from "../../domain/lookUp.ts";
import { type MigrationPhase, modeLeft, targetOf, type Way } from "../../domain/operation/migration.ts";
import type { StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { everyKind } from "../../domain/targets/index.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { Leaving, MakingStage, StepKeys } from "../../resources/definitions/resource.ts";
import { isWanted, leaves, resourcesFor, resourcesNotShared } from "../../resources/index.ts";
import { steps } from "./index.ts";

/** Before everything else: nobody can log in to a database whose server has no administrator. */
function administered(operation: OperationFacts, admins: readonly string[]): StepKeys {
  return admins.map((server) => steps.ensureSqlAdmin.keyFor(operation, server));
}

/** What an onboarding makes at the same time. */
function madeIn(stage: MakingStage, operation: OperationFacts): StepKeys {
  return resourcesFor(operation.request)
    .filter((resource) => resource.making === stage && isWanted(resource, operation.request))
    .flatMap((resource) => resource.ensure(operation));
}

/** What is in the namespace itself besides, such as a network policy: it may name targets. */
function madeInside(operation: OperationFacts): StepKeys {
  const { request } = operation;
  return resourcesFor(request)
    .filter(
      (resource) => resource.making === "connect" && resource.leaving === "namespace" && isWanted(resource, request),
    )
    .flatMap((resource) => resource.ensure(operation));
}

/** What the earlier request has and the new one does not. */
export function replaced(operation: OperationFacts): StepKeys {
  return operation.earlier
    ? resourcesFor(operation.request).flatMap((resource) => resource.replace?.(operation) ?? [])
    : [];
}

export interface ForwardStage {
  readonly name: "administer" | "takeAway" | MakingStage | "inside";
  /** They run at the same time. */
  readonly steps: StepKeys;
  /** The undos of its steps are registered before the first of them. */
  readonly isUndone: boolean;
}

/**
 * What an onboarding, a change or a repair does between its first look and its proof: orchestrations run these stages one after the
 * other, plans list their steps, and undos are registered stage by stage. A change removes last (`replaced`), except where it
 * takes over or where access has ended (docs/adr/0007).
 */
export function forwardStages(
  operation: OperationFacts,
  { admins = [], takesOver = false }: { admins?: readonly string[] | undefined; takesOver?: boolean | undefined } = {},
): readonly ForwardStage[] {
  const stage = (
    name: ForwardStage["name"],
    steps: StepKeys,
    isUndone = operation.kind !== "repair",
  ): ForwardStage => ({
    name,
    steps,
    isUndone,
  });
  const removal = () => stage("takeAway", replaced(operation), false);
  const prepared = madeIn("prepare", operation);
  // Where access has ended, a change gives nothing.
  if (operation.kind === "change" && operation.endsFirst) {
    return [removal(), stage("prepare", prepared, false), stage("inside", madeInside(operation), false)];
  }
  return [
    stage("administer", administered(operation, admins)),
    ...(takesOver ? [removal()] : []),
    // Undone last, apart from the SQL administrators: the identity is removed, then the namespace.
    stage("prepare", prepared),
    // Undone first: what lets a pod become the identity is removed, then what the identity may do.
    stage("connect", madeIn("connect", operation)),
  ];
}

/**
 * In order: pods' access to the identity and the identity's rights go at the same time; then the rest, one by one. At the end of access,
 * what lets anybody become the identity waits for no target either.
 */
const removal: Readonly<Record<Leaving, "together" | "togetherAtEnd" | "afterwards">> = {
  access: "together",
  rights: "together",
  credential: "togetherAtEnd",
  identity: "afterwards",
  namespace: "afterwards",
};

interface Removed {
  readonly together: StepKeys;
  readonly afterwards: StepKeys;
  /** Of these, what lets anybody become the identity: it goes although something before it fails. */
  readonly shutting: StepKeys;
}

/** What an offboarding removes. While a namespace migrates, it may have things of every identity mode. */
export function removed(operation: OperationFacts): Removed {
  const every = resourcesFor(operation.request);
  const leaving = every.filter((resource) => leaves(resource, operation));
  const own = (reason: Leaving) =>
    leaving.filter((resource) => resource.leaving === reason).flatMap((resource) => resource.remove(operation));
  // Left over from a change that stopped partway. Access that is revoked entirely need not be narrowed first.
  const left = (reason: Leaving) =>
    every
      .filter((resource) => resource.leaving === reason && operation.earlier)
      .flatMap((resource) => resource.replace?.(operation) ?? [])
      .filter(({ name }) => !everyKind.some((kind) => kind.steps.narrow === name));
  const isAtOnce = (reason: Leaving) =>
    removal[reason] === "together" || (operation.endsFirst === true && removal[reason] === "togetherAtEnd");
  const first = namesOf(removal).filter(isAtOnce);
  const then = namesOf(removal).filter((reason) => !isAtOnce(reason));
  return {
    together: [...first.flatMap(own), ...first.toReversed().flatMap(left)],
    afterwards: then.flatMap((reason) => [...left(reason), ...own(reason)]),
    shutting: then.filter((reason) => reason === "credential").flatMap((reason) => [...left(reason), ...own(reason)]),
  };
}

export function onNamespace(name: StepName, operation: OperationFacts): StepKey {
  return steps[name].keyFor(operation);
}

export interface MigrationPhases extends Readonly<Record<MigrationPhase, readonly StepKey[]>> {
  readonly sideBySide: StepKeys;
}

/** The steps of each phase, one after the other. The final verification follows the last one. */
export function migrationPhases(request: OnboardingRequest, migration: Way): MigrationPhases {
  const operation: OperationFacts = { kind: "migrate", request };
  const added = resourcesNotShared(targetOf(migration), modeLeft(migration));
  const own = (name: StepName) => onNamespace(name, operation);
  return {
    inventory: [own("takeInventory")],
    // The account comes before its credential, which would give access to anyone who creates that account.
    sideBySide: [
      ...resourcesFor(request).flatMap(({ migrating }) => migrating?.begin(operation, migration) ?? []),
      ...added.flatMap((resource) => resource.ensure(operation)),
    ],
    verify: [own("verifySideBySide")],
    cutOver: [own("cutOver")],
    retire: [own("checkPods"), ...retired(operation, migration)],
  };
}

/** In reverse order of creation: what was made last goes first. */
export function retired(operation: OperationFacts, migration: Way): StepKeys {
  const left = resourcesNotShared(modeLeft(migration), targetOf(migration)).toReversed();
  return [
    ...left.flatMap((resource) => resource.remove(operation)),
    ...resourcesFor(operation.request).flatMap(({ migrating }) => migrating?.end(operation, migration) ?? []),
  ];
}
