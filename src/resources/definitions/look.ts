/** How a step is looked at before it runs: what it finds and would do. */
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
  /** What the request replaces. */
  readonly earlier?: OnboardingRequest | undefined;
  readonly step: StepKey;
  /** The identity that is there, as far as it could be read; what carries its client id is planned with that. */
  readonly identity?: Pick<ManagedIdentity, "id" | "clientId" | "principalId"> | undefined;
  /** The look at the identity itself, which comes before all others. */
  readonly identityLook?: Promise<{ readonly plan: StepPlan }> | undefined;
  /** Of an undo: it takes away only what this operation created. */
  readonly createdBy?: string | undefined;
  /** Of a migration, and of what undoes one; `request` is then the one that it began with. */
  readonly migrating?: { readonly clientId: string; readonly migration: Migration } | undefined;
  /** The request may take the namespace from whoever has it. */
  readonly takeOver?: boolean;
  /** Of an offboarding: it goes on although others depend on what it removes. */
  readonly ignoreDependants?: boolean;
  /** Knows the roles in Azure that Mooring gave to the identity. */
  readonly gaveRole?: (role: RoleAssignment) => boolean;
}

export type Look = (ports: Ports, input: LookInput) => Promise<StepPlan>;

/** What is found besides the things that the steps make. */
export interface Obstacles {
  readonly blockers?: readonly OperationError[];
  /** What could not be found out, and why. */
  readonly notices?: readonly OperationError[];
}

/** One look of the preflight. A PermanentError or TransientError that it throws is an obstacle, too. */
export interface PreflightCheck {
  /** In this order they are told. */
  readonly about: "namespace" | "subscription" | "cluster";
  readonly look: () => Promise<Obstacles | undefined>;
}
