/** Which steps make, replace and remove what a namespace has: walks over all resources. programs.ts says when they run. */
import { modeLeft, targetOf, type Way } from "../../domain/operation/migration.ts";
import { everyKind } from "../../domain/targets/index.ts";
import type { OperationFacts } from "../../resources/definitions/operationFacts.ts";
import type { Leaving, MakingStage, Resource, StepKeys } from "../../resources/definitions/resource.ts";
import { isWanted, leaves, resourcesFor, resourcesNotShared } from "../../resources/index.ts";

/** What an onboarding makes. */
export function made(
  operation: OperationFacts,
  stage: MakingStage,
  isMeant: (resource: Resource) => boolean = () => true,
): StepKeys {
  return resourcesFor(operation.request)
    .filter((resource) => resource.making === stage && isWanted(resource, operation.request) && isMeant(resource))
    .flatMap((resource) => resource.ensure(operation));
}

/** What is in the namespace itself besides, such as a network policy: it may name targets. */
export function madeInside(operation: OperationFacts): StepKeys {
  return made(operation, "connect", ({ leaving }) => leaving === "namespace");
}

/** What the earlier request has and the new one does not. */
export function replaced(operation: OperationFacts, isMeant: (resource: Resource) => boolean = () => true): StepKeys {
  return operation.earlier
    ? resourcesFor(operation.request)
        .filter(isMeant)
        .flatMap((resource) => resource.replace?.(operation) ?? [])
    : [];
}

/** Of what an offboarding removes, that at once. While a namespace migrates, it may have things of every identity mode. */
export function removedTogether(operation: OperationFacts, reasons: readonly Leaving[]): StepKeys {
  return [
    ...reasons.flatMap((reason) => removed(operation, reason)),
    ...reasons.toReversed().flatMap((reason) => leftBehind(operation, reason)),
  ];
}

export function removedInTurn(operation: OperationFacts, reasons: readonly Leaving[]): StepKeys {
  return reasons.flatMap((reason) => [...leftBehind(operation, reason), ...removed(operation, reason)]);
}

function removed(operation: OperationFacts, reason: Leaving): StepKeys {
  return resourcesFor(operation.request)
    .filter((resource) => leaves(resource, operation) && resource.leaving === reason)
    .flatMap((resource) => resource.remove(operation));
}

/** By a change that stopped partway. Access that is revoked entirely need not be narrowed first. */
function leftBehind(operation: OperationFacts, reason: Leaving): StepKeys {
  return replaced(operation, ({ leaving }) => leaving === reason).filter(
    ({ name }) => !everyKind.some((kind) => kind.steps.narrow === name),
  );
}

/** What a migration adds. The account comes before its credential, which would give access to anyone who creates that account. */
export function added(operation: OperationFacts, way: Way): StepKeys {
  return [
    ...resourcesFor(operation.request).flatMap(({ migrating }) => migrating?.begin(operation, way) ?? []),
    ...resourcesNotShared(targetOf(way), modeLeft(way)).flatMap((resource) => resource.ensure(operation)),
  ];
}

/** What it removes, in reverse order of creation: what was made last goes first. */
export function retired(operation: OperationFacts, way: Way): StepKeys {
  return [
    ...resourcesNotShared(modeLeft(way), targetOf(way))
      .toReversed()
      .flatMap((resource) => resource.remove(operation)),
    ...resourcesFor(operation.request).flatMap(({ migrating }) => migrating?.end(operation, way) ?? []),
  ];
}
