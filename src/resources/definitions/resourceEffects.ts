/** What a resource does to the world: looks, reads back, and says what has to be gone and what a team takes away. */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import type { ExportedPart } from "../../domain/export/exportScripts.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import type { ResourceStepName } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports, RoleAssignment } from "../../ports.ts";
import type { InspectionInput, Reading } from "./inspection.ts";
import type { Look, PreflightCheck } from "./look.ts";
import type { StepContext, StepInput } from "./step.ts";

export interface ResourceEffects<Name extends ResourceStepName = ResourceStepName> {
  /** Of each of its steps and undos: what it finds and would do. */
  readonly looks: Readonly<Record<Name, Look>>;
  /** What has to be true before the first write. */
  preflight?(ports: Ports, input: PreflightInput): readonly PreflightCheck[];
  /** The same of what the request gives access to, whatever is wrong with its cluster. */
  preflightTargets?(ports: Ports, request: OnboardingRequest): readonly PreflightCheck["look"][];
  /** Actions in Azure that Mooring's own role has to allow where the cluster has its identities. */
  armActions?(input: Pick<PreflightInput, "identity">): readonly string[];
  /** Reads back what is there, and what is there besides. */
  inspect(ports: Ports, input: InspectionInput): readonly Reading[];
  /** Takes away what Mooring made of it and the request's identity mode does not have. */
  takeAway?(ports: Ports, input: LeftoverInput, step: Pick<StepContext, "willDo">): Promise<StepAction>;
  /** What of it an offboarding has left; each is one sentence. */
  remains(ports: Ports, request: OnboardingRequest): readonly Promise<readonly string[]>[];
  exported(catalog: Catalog, input: ExportInput): ExportedPart;
  /** Whether a role of the identity in Azure was given by Mooring: any other is somebody else's. */
  gaveRole?(catalog: Catalog, request: OnboardingRequest, role: RoleAssignment): boolean;
}

/** What a resource of the other identity mode is told. */
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
