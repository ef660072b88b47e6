/** A step's look: what the step finds and would do, before it writes. */
import type { Migration } from "../../domain/operation/migration.ts";
import type { OperationError, OperationKind } from "../../domain/operation/operation.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports, RoleAssignment } from "../../ports.ts";

export interface LookInput {
  readonly kind: OperationKind;
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** The request that this one replaces. */
  readonly earlier?: OnboardingRequest | undefined;
  readonly step: StepKey;
  /** The existing identity, if it could be read; anything that carries its client id is planned with it. */
  readonly identity?: Pick<ManagedIdentity, "id" | "clientId" | "principalId"> | undefined;
  /** The look at the identity itself, which precedes all others. */
  readonly identityLook?: Promise<{ readonly plan: StepPlan }> | undefined;
  /** For an undo: remove only what this operation created. */
  readonly createdBy?: string | undefined;
  /** For a migration and its undos; `request` is then the one that the migration began with. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
  /** The request may take the namespace over from its current owner. */
  readonly takeOver?: boolean;
  /** For an offboarding: proceed even if others depend on what it removes. */
  readonly ignoreDependants?: boolean;
  /** Whether Mooring gave the identity this role in Azure. */
  readonly gaveRole?: (role: RoleAssignment) => boolean;
}

export type Look = (ports: Ports, input: LookInput) => Promise<StepPlan>;

/** Problems found outside the things that the steps make. */
export interface Obstacles {
  readonly blockers?: readonly OperationError[];
  /** What could not be checked, and why. */
  readonly notices?: readonly OperationError[];
}

/** One look of the preflight. A PermanentError or TransientError that it throws also counts as an obstacle. */
export interface PreflightCheck {
  /** Obstacles are reported in this order. */
  readonly about: "namespace" | "subscription" | "cluster";
  readonly look: () => Promise<Obstacles | undefined>;
}
