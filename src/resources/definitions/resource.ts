/**
 * What is known of a thing that Mooring makes before anybody looks at the world: its steps, in which stage each belongs, and
 * which undos it has. Pure, since orchestrations are replayed; how the thing is looked at, made and removed is in the
 * `effects.ts` beside it.
 */
import { type Berth, berthKey, identityName } from "../../domain/naming/names.ts";
import type { Range } from "../../domain/operation/estimate.ts";
import type { ResourceStepName, StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { UndoName } from "../../domain/operation/undoName.ts";
import type { IdentityMode, OnboardingRequest } from "../../domain/request/request.ts";

/** The stages in which an onboarding makes things. All of a stage begins at the same time; what it may have made is undone together. */
export const makingStages = ["prepare", "connect"] as const;
export type MakingStage = (typeof makingStages)[number];

/** Why a thing has to go before another: what lets a pod become the identity, what the identity may do, and the rest. */
export type Leaving = "access" | "credential" | "rights" | "identity" | "namespace";

export interface StepFacts {
  /** What the step's target is: a target of the request has a key of its own, and so has a service account that was replaced. */
  readonly of: "namespace" | "identity" | "target" | "account" | "server";
  /** Steps of one stage run at the same time; one that names none runs alone. */
  readonly stage?: "look" | MakingStage | "disconnect" | "replace";
  /** Seconds, where nothing was measured. */
  readonly takes?: Range;
  /** It writes an identity or a credential, of which Azure takes so many a second. */
  readonly writesIdentity?: true;
  /** It may wait for the verification Job. */
  readonly waitsForJob?: true;
}

type Steps = readonly StepKey<ResourceStepName>[];

export interface Resource {
  /** Present only in this identity mode; absent: in both. */
  readonly mode?: IdentityMode;
  readonly making: MakingStage;
  readonly leaving: Leaving;
  /** An offboarding looks for it in either mode: an earlier one may have left it. */
  readonly leavesInAnyMode?: true;
  /** The steps by which it is made, whether or not the request's identity mode has it. `admins`: of which servers an administrator is set. */
  ensure(request: OnboardingRequest, admins?: readonly string[]): Steps;
  remove(request: OnboardingRequest): Steps;
  /** What a change takes away of it at its end. */
  replace?(request: OnboardingRequest, earlier: OnboardingRequest): Steps;
  /** Undoes what `ensure` may have made, in the order in which they are registered: they run the other way round. */
  undo(request: OnboardingRequest, change: { readonly isChange: boolean }): readonly UndoName[];
  /** Undoes `remove`, where a migration takes it away. */
  readonly returning?: UndoName;
}

/** A resource with the facts of its own steps, undos among them: by their names the compiler asks for the look of each. */
export interface ResourceWithSteps<Name extends ResourceStepName> extends Resource {
  readonly steps: Readonly<Record<Name, StepFacts>>;
}

export function defineResource<Name extends ResourceStepName>(
  resource: ResourceWithSteps<Name>,
): ResourceWithSteps<Name> {
  return resource;
}

export function ofNamespace<Name extends StepName>(name: Name, berth: Berth): StepKey<Name> {
  return { name, target: berthKey(berth) };
}

export function ofIdentity<Name extends StepName>(name: Name, berth: Berth): StepKey<Name> {
  return { name, target: identityName(berth) };
}

/** What ARM takes for a write: seconds, where a database or a cluster takes tenths. */
export const armWrite = { takes: { least: 1, most: 10 }, writesIdentity: true } as const;
