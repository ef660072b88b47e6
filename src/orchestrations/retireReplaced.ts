import type { OrchestrationContext } from "durable-functions";
import { retireCredential } from "../activities/federatedCredential.ts";
import { retireServiceAccount } from "../activities/serviceAccount.ts";
import { replaceTargets } from "../activities/targets.ts";
import { replacedAccount } from "../domain/request/change.ts";
import type { OnboardingRequest } from "../domain/request/request.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { type OperationInput, stepBase } from "./operation.ts";

/** Removes what the earlier request has and the new one does not. Nothing undoes it. */
export function* retireReplaced(
  context: OrchestrationContext,
  input: OperationInput,
  earlier: OnboardingRequest,
): Durable<void> {
  const { request, retry } = input;
  const base = stepBase(input);
  const steps: Step<unknown>[] = [...replaceTargets(base, request, earlier)];
  const serviceAccount = replacedAccount(request, earlier);
  if (serviceAccount !== undefined) {
    steps.push(
      retireServiceAccount({ ...base, serviceAccount }, retry),
      retireCredential({ ...base, serviceAccount }, retry),
    );
  }
  yield* all(context, steps);
}
