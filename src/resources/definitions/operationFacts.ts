/** What an operation is about: all that the input of a step may depend on, whether the step is planned, run or undone. */
import { type ClientId, IdentityPair, type PrincipalId } from "../../domain/naming/identityPair.ts";
import type { Migration } from "../../domain/operation/migration.ts";
import type { OperationKind, StepAction } from "../../domain/operation/operation.ts";
import type { ProgramName } from "../../domain/operation/program.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { type IdentityMode, type OnboardingRequest, selectorOf } from "../../domain/request/request.ts";
import { unknownClientId } from "./unknownClientId.ts";

/** The identity as the step that ensures it returned it or, for a plan, as it was found. */
export interface FoundIdentity {
  readonly id?: string;
  readonly clientId: ClientId;
  readonly principalId: PrincipalId;
  /** What this operation did to it. */
  readonly action?: StepAction;
}

export interface OperationFacts {
  readonly kind: OperationKind;
  /** That of its kind, unless it says another. */
  readonly program?: ProgramName | undefined;
  readonly request: OnboardingRequest;
  /** The request that this one replaces. */
  readonly earlier?: OnboardingRequest | undefined;
  /** Targets that are revoked where the catalog had them before. */
  readonly moved?: readonly string[] | undefined;
  /** The client ID of the identity that the namespace was onboarded with. */
  readonly clientId?: ClientId | undefined;
  readonly identity?: FoundIdentity | undefined;
  /** For a migration and its undos; `request` is then the one that the migration began with. */
  readonly migration?: Migration | undefined;
  /** For a migration: the pods that use the mode that it leaves, once they have been listed. */
  readonly pods?: readonly string[] | undefined;
  /** For any operation but a migration: the mode whose objects may be there beside those of the request's. */
  readonly modeBeside?: IdentityMode | undefined;
  /** For an undo: the operation whose work it undoes. */
  readonly createdBy?: string | undefined;
  /** It goes on although others depend on what it removes, or give what it revokes, too. */
  readonly ignoreDependants?: boolean | undefined;
}

/** Stands for an identity that does not exist yet. */
export const unknownIdentity: FoundIdentity = IdentityPair.parse({
  clientId: unknownClientId,
  principalId: unknownClientId,
});

export function isKnown({ clientId }: Pick<FoundIdentity, "clientId">): boolean {
  return clientId !== unknownClientId;
}

export function identityOf({ identity = unknownIdentity }: OperationFacts): FoundIdentity {
  return identity;
}

/** For what carries the client ID alone; a migration leaves the identity as it is. */
export function clientOf({ identity, migration, clientId }: OperationFacts): Pick<FoundIdentity, "clientId"> {
  return identity ?? (migration && clientId !== undefined ? { clientId } : unknownIdentity);
}

/** A migration may have another service account than the request. */
export function accountOf({ migration, request }: OperationFacts): string {
  return (migration ?? request).serviceAccount;
}

export function podSelectorOf({ migration, request }: OperationFacts): string {
  return migration?.selector ?? selectorOf(request);
}

export function earlierOf({ earlier }: OperationFacts): OnboardingRequest {
  if (!earlier) throw new Error("the operation replaced nothing");
  return earlier;
}

export function migrationOf({ migration }: OperationFacts): Migration {
  if (!migration) throw new Error("the operation is not a migration");
  return migration;
}

/** Whether the request names another service account than the one that it replaces. */
export function replacesAccount({ request, earlier }: OperationFacts): boolean {
  return earlier !== undefined && replacedAccount(request, earlier) !== undefined;
}

/** For the last step of a migration that stops after `sideBySide`: the operation ends with it. */
export function lastOf({ migration }: OperationFacts): { readonly isLast?: boolean } {
  return migration ? { isLast: migration.until === "sideBySide" } : {};
}

/** What the steps of a migration look at. */
export function migratingOf({ request, migration, clientId }: OperationFacts) {
  if (!migration || clientId === undefined) throw new Error("the operation is not a migration");
  return { request, migration, clientId };
}
