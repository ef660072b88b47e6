import type { OrchestrationContext } from "durable-functions";
import { narrowDatabase, retireDatabase } from "../activities/databaseRevocation.ts";
import { retireCredential } from "../activities/federatedCredential.ts";
import { retireServiceAccount } from "../activities/serviceAccount.ts";
import { replacedBy } from "../domain/change.ts";
import { OnboardingRequest } from "../domain/request.ts";
import { orchestration } from "../durable/orchestration.ts";
import { saga } from "../durable/saga.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { ChangeIncomplete, conclude, OperationInput, setPhase, stepBase } from "./operation.ts";
import { provision } from "./provision.ts";

const ChangeInput = OperationInput.extend({ earlier: OnboardingRequest });

/**
 * Brings an onboarded namespace from one request to another. What is new is added first, as an onboarding adds it; until
 * that is verified a failure or a cancel undoes it, and what was there before has not been touched. What the new request
 * leaves out is taken away last (docs/adr/0007-change-takes-away-last.md).
 */
export const changeNamespace = orchestration({
  name: "changeNamespace",
  input: ChangeInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "change" }, function* () {
      const provisioned = yield* saga((onFailure) => provision(context, input, onFailure), {
        beforeCompensation: () => setPhase(context, "compensating"),
      });
      yield* retire(context, input);
      return provisioned;
    }),
});

/** Takes away what the earlier request has and the new one does not. The point of no return is behind it. */
export function* retire(
  context: OrchestrationContext,
  { request, earlier, retry, ...input }: OperationInput & { earlier: OnboardingRequest },
): Durable<void> {
  const { removed, narrowed, serviceAccount } = replacedBy(request, earlier);
  const base = stepBase({ ...input, request, retry });
  const steps: Step<unknown>[] = [
    ...narrowed.map((database) => narrowDatabase({ ...base, database }, retry)),
    ...removed.map((database) => retireDatabase({ ...base, database }, retry)),
  ];
  if (serviceAccount !== undefined) {
    steps.push(
      retireServiceAccount({ ...base, serviceAccount }, retry),
      retireCredential({ ...base, serviceAccount }, retry),
    );
  }
  if (steps.length === 0) return;
  setPhase(context, "provisioning");
  try {
    yield* all(context, steps);
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}
