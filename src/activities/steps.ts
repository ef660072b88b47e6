/** Every step as an activity. Orchestrations run them here, with the input that each makes of the operation. */
import { everyStep, steps } from "../application/process/index.ts";
import type { StepKey, StepName } from "../domain/operation/stepName.ts";
import type { Step } from "../durable/step.ts";
import type { OperationFacts } from "../resources/definitions/operationFacts.ts";
import { inputOf, type StepDefinition, type StepInput, type StepResult } from "../resources/definitions/step.ts";
import { federateIdentity } from "../resources/federatedCredential/steps.ts";
import { ensureIdentity } from "../resources/identity/steps.ts";
import { applyNamespace } from "../resources/namespace/steps.ts";
import { applyServiceAccount } from "../resources/serviceAccount/steps.ts";
import { call, combinedActivity, stepActivity } from "./host.ts";

/** What an orchestration works on: what all of its steps share, and what the input of each is made of. */
export interface Work {
  readonly base: StepInput;
  readonly operation: OperationFacts;
  /** How often the operation had been resumed when this run of its orchestration began. */
  readonly restarts?: number | undefined;
}

/** Neither needs the other. */
const prepareNamespace = combinedActivity("prepareNamespace", ensureIdentity, applyNamespace);
/** Lets pods of the service account become the identity: the cluster's half and Azure's half. */
const connectWorkload = combinedActivity("connectWorkload", applyServiceAccount, federateIdentity);

/** They run only together. */
const prepared: readonly StepName[] = [ensureIdentity.name, applyNamespace.name];
for (const step of everyStep) {
  if (!prepared.includes(step.name)) stepActivity(step);
}

/** Runs a step whose result matters; `more` is what only the orchestration knows. */
export function perform<G extends object, O extends StepResult>(
  step: StepDefinition<G, O>,
  { base, operation }: Work,
  more: Partial<NoInfer<G>> = {},
): Step<O> {
  return call(step, { ...inputOf(step, base, { operation }), ...more }, base.retry);
}

export function performStep({ name, target }: StepKey, { base, operation }: Work): Step<StepResult> {
  const step = steps[name];
  return call(step, inputOf(step, base, { operation, target }), base.retry);
}

/** Makes the identity and its namespace, and returns what later steps need of both. */
export function performPreparation(keys: readonly StepKey[], { base, operation }: Work) {
  if (!isSame(keys, [ensureIdentity, applyNamespace])) throw new Error(`no activity prepares ${namesIn(keys)}`);
  const input = { ...inputOf(ensureIdentity, base, { operation }), ...applyNamespace.from(operation, "") };
  return prepareNamespace(input, base.retry);
}

/** Steps that run at the same time; those that one activity combines run in it. */
export function performTogether(keys: readonly StepKey[], work: Work): readonly Step<unknown>[] {
  const { base, operation } = work;
  const connecting = keys.filter(({ name }) => name === applyServiceAccount.name || name === federateIdentity.name);
  if (!isSame(connecting, [applyServiceAccount, federateIdentity])) return keys.map((key) => performStep(key, work));
  const input = { ...federateIdentity.from(operation, ""), ...inputOf(applyServiceAccount, base, { operation }) };
  const others = keys.filter((key) => !connecting.includes(key));
  return [...others.map((key) => performStep(key, work)), connectWorkload(input, base.retry)];
}

function isSame(keys: readonly StepKey[], wanted: readonly { readonly name: string }[]): boolean {
  return keys.length === wanted.length && wanted.every(({ name }, index) => keys[index]?.name === name);
}

function namesIn(keys: readonly StepKey[]): string {
  return keys.map(({ name }) => name).join(", ");
}
