import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { StepDefinition, StepInput, StepResult } from "./step.ts";

/** The input of granting access, apart from the target itself. */
export interface GrantInput {
  readonly adoptionPolicy: OnboardingRequest["adoptionPolicy"];
  readonly identity: { readonly clientId: string; readonly principalId: string };
  readonly takesBack?: boolean | undefined;
}

type Removing = StepInput & { readonly createdBy?: string | undefined };

/** The four steps of a kind of target, run by its activities. `Target` is how a step names its target in its input. */
export interface TargetStepDefinitions<Target extends object> {
  readonly grant: StepDefinition<StepInput & Target & Mutable<GrantInput>, StepResult>;
  readonly narrow: StepDefinition<StepInput & Target, StepResult>;
  readonly retire: StepDefinition<Mutable<Removing> & Target, StepResult>;
  readonly revoke: StepDefinition<Mutable<Removing> & Target, StepResult>;
  /** The target with that key. */
  targetIn(request: OnboardingRequest, key: string): Target;
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** Steps that hide their type of target, so that code iterating over all kinds passes a function generic in it. */
export interface TargetSteps {
  use<R>(make: <Target extends object>(steps: TargetStepDefinitions<Target>) => R): R;
}

export function defineTargetSteps<Target extends object>(steps: TargetStepDefinitions<Target>): TargetSteps {
  return { use: (make) => make(steps) };
}
