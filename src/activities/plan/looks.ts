/** How the looks of an operation's steps become its plan. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepName } from "../../domain/operation/steps.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { ManagedIdentity, Ports } from "../../ports.ts";

export interface LookInput {
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** What the request replaces. */
  readonly earlier: OnboardingRequest | undefined;
  readonly identity: ManagedIdentity | undefined;
  readonly step: StepName;
  /** The request may take the namespace from whoever has it. */
  readonly takeOver: boolean;
  /** Of an offboarding: it goes on although others depend on what it removes. */
  readonly ignoreDependants?: boolean;
}

export type Look = (ports: Ports, input: LookInput) => Promise<StepPlan>;

export async function take(look: Look | undefined, ports: Ports, input: LookInput): Promise<StepPlan> {
  if (!look) throw new Error(`step ${input.step.name} has no plan`);
  return await explain(input.step, () => look(ports, input));
}

/** A known error is a blocker of its step; one that nobody foresaw is not a plan's to explain. */
export async function explain(step: StepName, look: () => StepPlan | Promise<StepPlan>): Promise<StepPlan> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    const { code, message } = error;
    return toStepPlan(step, { action: "conflict", conflict: { code, message } });
  }
}

export function findDatabaseOf(request: OnboardingRequest, step: StepName): OnboardingRequest["databases"][number] {
  const found = request.databases.find(({ server, database }) => `${server}/${database}` === step.target);
  if (!found) throw new Error(`no database of the request is ${step.target}`);
  return found;
}
