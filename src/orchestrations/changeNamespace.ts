import type { OrchestrationContext } from "durable-functions";
import { retireCredential } from "../activities/federatedCredential.ts";
import { retireServiceAccount } from "../activities/serviceAccount.ts";
import { replaceTargets } from "../activities/targets.ts";
import type { FindingCode } from "../domain/finding.ts";
import { replacedAccount, takesNothingAway } from "../domain/request/change.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { orchestration } from "../durable/orchestration.ts";
import { saga } from "../durable/saga.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { ChangeIncomplete, conclude, OperationInput, type Report, setPhase, stepBase } from "./operation.ts";
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
      const endsOperation = takesNothingAway(input.request, input.earlier);
      const isInPlace = !endsOperation && input.resumed?.isCommitted === true;
      const provisioned = isInPlace
        ? yield* findInPlace(context, input)
        : yield* saga((onFailure) => provision(context, input, { onFailure, endsOperation }), {
            beforeCompensation: () => setPhase(context, "compensating"),
          });
      if (endsOperation) return provisioned;
      yield* retire(context, input, input.earlier);
      return { ...provisioned, findings: provisioned.findings?.filter(({ code }) => !transient.has(code)) };
    }),
});

/** An earlier run has proven the new state, and may have begun to take the old one away: nothing is undone any more. */
function* findInPlace(context: OrchestrationContext, input: OperationInput): Durable<Report> {
  try {
    return yield* provision(context, input, { onFailure: () => undefined, endsOperation: false });
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}

/** What the verification before the last phase finds of what the last phase takes away. */
const transient: ReadonlySet<FindingCode> = new Set(["GRANT_SURPLUS", "CREDENTIAL_ADDED"]);

/** Takes away what the earlier request has and the new one does not. The point of no return is behind it. */
function* retire(context: OrchestrationContext, input: OperationInput, earlier: OnboardingRequest): Durable<void> {
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
  setPhase(context, "provisioning");
  try {
    yield* all(context, steps);
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}
