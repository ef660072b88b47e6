/**
 * A thing that Mooring makes: the steps that make and remove it, and how it is checked, read back and exported. The steps themselves
 * are defined beside it (step.ts).
 */

import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import type { ClientId, PrincipalId } from "../../domain/naming/identityPair.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { Way } from "../../domain/operation/migration.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import type { ResourceStepName, StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { GaveRole, InspectionInput, Reading } from "./inspection.ts";
import type { OperationFacts } from "./operationFacts.ts";
import type { PreflightCheck } from "./preflight.ts";
import type { AnyStep, Planning, StepContext, StepInput } from "./step.ts";

/** The stages in which an onboarding makes things. */
export const makingStages = ["prepare", "connect"] as const;
export type MakingStage = (typeof makingStages)[number];

/** Decides the order of removal: what lets a pod become the identity, what the identity may do, and the rest. */
export type Leaving = "access" | "credential" | "rights" | "identity" | "namespace";

export type StepKeys = readonly StepKey<ResourceStepName>[];

export interface Resource {
  /** Every step and undo that it has. */
  readonly steps: { readonly [Name in ResourceStepName]?: AnyStep<Name> };
  readonly making: MakingStage;
  readonly leaving: Leaving;
  /** An offboarding looks for it in any mode: an earlier mode may have left it behind. */
  readonly leavesInAnyMode?: true;
  /** The steps that make it, whether or not the request's identity mode has it. */
  ensure(operation: OperationFacts): StepKeys;
  remove(operation: OperationFacts): StepKeys;
  /** The steps by which a change removes parts of it at its end. */
  replace?(operation: OperationFacts): StepKeys;
  /** The steps by which a migration adapts it: before both identity modes are in place, and after one of them has gone. */
  readonly migrating?: {
    begin(operation: OperationFacts, way: Way): StepKeys;
    end(operation: OperationFacts, way: Way): StepKeys;
  };

  /** What has to be true before the first write. */
  preflight?(ports: Ports, input: PreflightInput): readonly PreflightCheck[];
  /** The same for the request's targets, whatever is wrong with its cluster. */
  preflightTargets?(ports: Ports, input: TargetsPreflight): readonly PreflightCheck["look"][];
  /** Whether there is room for what an operation adds on targets, where others share the limit. */
  roomOnTargets?(ports: Ports, input: RoomOnTargets): readonly PreflightCheck["look"][];
  /** Actions in Azure that Mooring's own role must allow in the resource group of the cluster's identities. */
  armActions?(input: Pick<PreflightInput, "request" | "identity">): readonly string[];
  /** Reads back what should be there, and what should not. */
  inspect(ports: Ports, input: InspectionInput): readonly Reading[];
  /** What a repair removes of it besides: what Mooring made, and no record asks for. */
  readonly surplus?: readonly Surplus[];
  /** What an offboarding left of it, one sentence each. */
  remains(ports: Ports, request: OnboardingRequest): readonly Promise<readonly string[]>[];
  /**
   * Tries again to tidy up what an operation left, and returns what stays. `kept`: the namespace's requests now; what they ask for is
   * kept. Whatever else Mooring gave there is revoked.
   */
  tidyUp?(ports: Ports, left: Leftover, kept: readonly OnboardingRequest[]): Promise<readonly string[]>;
  exported(catalog: Catalog, input: ExportInput): ExportedPart;
  /** Whether a role in Azure that the identity has is Mooring's, by its mark or its name; any other role is somebody else's. */
  gaveRole?(request: OnboardingRequest, role: RoleAssignment): boolean;
  /** Which roles in Azure `inspect` judges, whoever gave them. */
  judgedRoles?(ports: Pick<Ports, "catalog" | "registry">, request: OnboardingRequest): Promise<GaveRole>;
}

/** Keeps the exact names of the steps, so that the table of all steps is total. */
export function defineResource<const R extends Resource>(resource: R): R {
  return resource;
}

export interface Surplus {
  /** No other step of an offboarding removes it. */
  readonly outlastsSteps?: true;
  look(ports: Ports, request: OnboardingRequest, step: StepKey, isOffboarding: boolean): Promise<StepPlan>;
  run(
    ports: Ports,
    input: StepInput & { readonly request: OnboardingRequest; readonly isOffboarding: boolean },
    step: Pick<StepContext, "willDo" | "notice">,
  ): Promise<StepAction>;
}

export interface PreflightInput {
  readonly request: OnboardingRequest;
  readonly cluster: ClusterTarget;
  readonly identity: Pick<ManagedIdentity, "id"> | undefined;
  readonly takeOver: boolean;
}

/** `identity` is undefined until it exists. */
export type TargetsPreflight = Pick<OperationFacts, "request" | "identity">;
export type RoomOnTargets = TargetsPreflight & Pick<Planning, "onNeed" | "step">;

export interface ExportInput {
  readonly request: OnboardingRequest;
  readonly clientId: ClientId;
  /** Undefined until the identity was read back. */
  readonly principalId?: PrincipalId | undefined;
}

/** How long ARM takes for a write: seconds, where a database or a cluster takes tenths. */
export const armWrite = { duration: { least: 1, most: 10 }, writesIdentity: true } as const;
