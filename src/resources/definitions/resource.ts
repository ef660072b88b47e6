/**
 * The facts about a thing that Mooring makes that need no look at the world: its steps, the stage of each, and its undos. Pure,
 * since orchestrations are replayed; how the thing is looked at, made and removed is in the `effects.ts` beside it.
 */
import { type Berth, berthKey, identityName } from "../../domain/naming/names.ts";
import type { Range } from "../../domain/operation/estimate.ts";
import type { ResourceStepName, StepKey, StepName } from "../../domain/operation/stepName.ts";
import type { UndoName } from "../../domain/operation/undoName.ts";
import type { IdentityMode, OnboardingRequest } from "../../domain/request/request.ts";

/** The stages in which an onboarding makes things. The steps of a stage begin at the same time and are undone together. */
export const makingStages = ["prepare", "connect"] as const;
export type MakingStage = (typeof makingStages)[number];

/** Decides the order of removal: what lets a pod become the identity, what the identity may do, and the rest. */
export type Leaving = "access" | "credential" | "rights" | "identity" | "namespace";

export interface StepFacts {
  /** What the step acts on. A target of the request has its own key, as does a service account that was replaced. */
  readonly of: "namespace" | "identity" | "target" | "account" | "server";
  /** Steps of one stage run at the same time; a step without a stage runs alone. */
  readonly stage?: "look" | MakingStage | "disconnect" | "replace";
  /** Seconds; the default until there are measurements. */
  readonly takes?: Range;
  /** It writes an identity or a credential; Azure limits these writes per second. */
  readonly writesIdentity?: true;
  /** The steps whose writes it takes back, on the same target: it looks again while one of them may still take effect. */
  readonly undoes?: readonly ResourceStepName[];
  /** It may wait for the verification Job. */
  readonly waitsForJob?: true;
}

type Steps = readonly StepKey<ResourceStepName>[];

export interface Resource {
  /** The only identity mode that has it; absent if both do. */
  readonly mode?: IdentityMode;
  readonly making: MakingStage;
  readonly leaving: Leaving;
  /** An offboarding looks for it in either mode: an earlier mode may have left it behind. */
  readonly leavesInAnyMode?: true;
  /**
   * The steps that make it, whether or not the request's identity mode has it. `admins` names the servers whose administrator is
   * set.
   */
  ensure(request: OnboardingRequest, admins?: readonly string[]): Steps;
  remove(request: OnboardingRequest): Steps;
  /** The steps by which a change removes parts of it at its end. */
  replace?(request: OnboardingRequest, earlier: OnboardingRequest): Steps;
  /** Undoes what `ensure` may have made. Listed in the order of registration; undos run in reverse. */
  undo(request: OnboardingRequest, change: { readonly isChange: boolean }): readonly UndoName[];
  /** Undoes `remove` when a migration removes it. */
  readonly returning?: UndoName;
}

/** A resource with the facts of its steps and undos; their names make the compiler require a look for each. */
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

/** How long ARM takes for a write: seconds, where a database or a cluster takes tenths. */
export const armWrite = { takes: { least: 1, most: 10 }, writesIdentity: true } as const;
