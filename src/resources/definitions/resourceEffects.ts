/** What a resource does in the world: looks, preflight, reading back, what an offboarding leaves, and what a team exports. */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import type { ResourceStepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports, RoleAssignment } from "../../ports.ts";
import type { InspectionInput, Reading } from "./inspection.ts";
import type { Look, LookInput, PreflightCheck } from "./look.ts";
import type { StepContext, StepInput } from "./step.ts";

export interface ResourceEffects<Name extends ResourceStepName = ResourceStepName> {
  /** The look of each of its steps and undos. */
  readonly looks: Readonly<Record<Name, Look>>;
  /** What has to be true before the first write. */
  preflight?(ports: Ports, input: PreflightInput): readonly PreflightCheck[];
  /** The same for the request's targets, whatever is wrong with its cluster. */
  preflightTargets?(ports: Ports, request: OnboardingRequest): readonly PreflightCheck["look"][];
  /** Actions in Azure that Mooring's own role must allow in the resource group of the cluster's identities. */
  armActions?(input: Pick<PreflightInput, "identity">): readonly string[];
  /** Reads back what should be there, and what should not. */
  inspect(ports: Ports, input: InspectionInput): readonly Reading[];
  /** Removes what Mooring made of it if the request's identity mode does not include it. */
  takeAway?(ports: Ports, input: LeftoverInput, step: Pick<StepContext, "willDo">): Promise<StepAction>;
  /** What a repair removes of it besides: what Mooring made, and no record asks for. */
  readonly surplus?: Surplus;
  /** What an offboarding left of it, one sentence each. */
  remains(ports: Ports, request: OnboardingRequest): readonly Promise<readonly string[]>[];
  exported(catalog: Catalog, input: ExportInput): ExportedPart;
  /** Whether Mooring gave the identity this role in Azure; any other role is somebody else's. */
  gaveRole?(catalog: Catalog, request: OnboardingRequest, role: RoleAssignment): boolean;
}

export interface Surplus {
  look(ports: Ports, input: LookInput): Promise<StepPlan>;
  takeAway(ports: Ports, input: LeftoverInput, step: Pick<StepContext, "willDo">): Promise<StepAction>;
}

/** The input of removing a resource of the other identity mode. */
export interface LeftoverInput extends StepInput {
  readonly request: OnboardingRequest;
}

export interface PreflightInput {
  readonly request: OnboardingRequest;
  readonly cluster: ClusterTarget;
  readonly identity: Pick<ManagedIdentity, "id"> | undefined;
  readonly takeOver: boolean;
}

export interface ExportInput {
  readonly request: OnboardingRequest;
  readonly clientId: string;
}
