import type { OrchestrationContext } from "durable-functions";
import { performTogether } from "../activities/steps.ts";
import { replaced } from "../application/process/stages.ts";
import type { Finding } from "../domain/finding.ts";
import { identityName } from "../domain/naming/names.ts";
import { removesNothing } from "../domain/request/change.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { orchestration } from "../durable/orchestration.ts";
import { saga } from "../durable/saga.ts";
import { all, type Durable } from "../durable/step.ts";
import { endAccess } from "./endAccess.ts";
import { ChangeIncomplete, conclude, OperationInput, type Report, setPhase, workOf } from "./operation.ts";
import { persistenceOf } from "./persistence.ts";
import { provision } from "./provision.ts";

const ChangeInput = OperationInput.extend({ earlier: OnboardingRequest });

/**
 * Brings an onboarded namespace from one request to another. First it adds what is new, as an onboarding does; until that is
 * verified, a failure or a cancel undoes it, and nothing that existed before has been touched. Last, it removes what the new
 * request leaves out (docs/adr/0007-change-takes-away-last.md). A take-over has removed it before (provision.ts), and so has a change
 * where access has ended (endAccess.ts).
 */
export const changeNamespace = orchestration({
  name: "changeNamespace",
  input: ChangeInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "change" }, function* () {
      if (input.endsFirst) return yield* endAccess(context, input);
      const endsOperation = input.takesOver === true || removesNothing(input.request, input.earlier);
      const isInPlace = !endsOperation && input.resumed?.isCommitted === true;
      const provisioned = isInPlace
        ? yield* findInPlace(context, input)
        : yield* saga((onFailure) => provision(context, input, { onFailure, endsOperation }), {
            beforeCompensation: () => setPhase(context, "compensating"),
            persistence: persistenceOf(context, { ...input, kind: "change" }),
          });
      if (endsOperation) return provisioned;
      yield* retire(context, input);
      const { findings } = provisioned;
      return { ...provisioned, findings: findings?.filter((each) => !isTransient(each, input.request)) };
    }),
});

/** An earlier run has verified the new state and may have begun to remove the old one, so nothing is undone from here on. */
function* findInPlace(context: OrchestrationContext, input: OperationInput): Durable<Report> {
  try {
    return yield* provision(context, input, { onFailure: () => undefined, endsOperation: false });
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}

/** Whether it is about something that is still there when the change is verified, and that it removes afterwards. */
function isTransient({ code, target }: Finding, request: OnboardingRequest): boolean {
  // A role in Azure where no request has a target is a repair's.
  return code === "CREDENTIAL_ADDED" || (code === "GRANT_SURPLUS" && target !== identityName(request));
}

/** Runs after the point of no return. */
function* retire(context: OrchestrationContext, input: OperationInput): Durable<void> {
  setPhase(context, "provisioning");
  const work = workOf(input, "change");
  try {
    yield* all(context, performTogether(replaced(work.operation), work));
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}
