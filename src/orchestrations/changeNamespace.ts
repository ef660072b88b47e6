import type { OrchestrationContext } from "durable-functions";
import { perform, type Work } from "../activities/steps.ts";
import { preflight } from "../application/process/preflight.ts";
import { aroundProof, type Stage, stagesOf } from "../application/process/programs.ts";
import type { Finding } from "../domain/finding.ts";
import { identityName } from "../domain/naming/names.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { orchestration } from "../durable/orchestration.ts";
import type { Durable } from "../durable/step.ts";
import { execute } from "./execute.ts";
import { ChangeIncomplete, conclude, OperationInput, type Report, setPhase, workOf } from "./operation.ts";
import { provision, untilProof } from "./provision.ts";
import { throwFailure } from "./undos.ts";

const ChangeInput = OperationInput.extend({ earlier: OnboardingRequest });

/**
 * Brings an onboarded namespace from one request to another. First it adds what is new, as an onboarding does; until that is
 * verified, a failure or a cancel undoes it, and nothing that existed before has been touched. Last, it removes what the new
 * request leaves out (docs/adr/0007-change-takes-away-last.md). A take-over has removed it before, and so has a change where access has
 * ended.
 */
export const changeNamespace = orchestration({
  name: "changeNamespace",
  input: ChangeInput,
  run: (context, input) =>
    conclude(context, { ...input, kind: "change" }, function* () {
      const work = workOf(input, "change");
      if (work.operation.program === "endAccess") return yield* endAccess(context, input, work);
      const [, afterwards] = aroundProof(stagesOf(work.operation));
      const isInPlace = afterwards.length > 0 && input.resumed?.isCommitted === true;
      const provisioned = yield* isInPlace ? findInPlace(context, input) : provision(context, input, "change");
      if (afterwards.length === 0) return provisioned;
      try {
        yield* execute(context, { input, work, stages: afterwards });
      } catch (error) {
        throw new ChangeIncomplete(error);
      }
      const { findings } = provisioned;
      return { ...provisioned, findings: findings?.filter((each) => !isTransient(each, input.request)) };
    }),
});

/** An earlier run has verified the new state and may have begun to remove the old one, so nothing is undone from here on. */
function* findInPlace(context: OrchestrationContext, input: OperationInput): Durable<Report> {
  try {
    return yield* untilProof(context, input, { kind: "change", onFailure: () => undefined });
  } catch (error) {
    throw new ChangeIncomplete(error);
  }
}

/** Whether it is about something that is still there when the change is verified, and that it removes afterwards. */
function isTransient({ code, target }: Finding, request: OnboardingRequest): boolean {
  // A role in Azure where no request has a target is a repair's.
  return code === "CREDENTIAL_ADDED" || (code === "GRANT_SURPLUS" && target !== identityName(request));
}

/** It gives nothing and undoes nothing: the preflight is the point of no return. */
function* endAccess(context: OrchestrationContext, input: OperationInput, work: Work): Durable<Report> {
  throwFailure(input);

  setPhase(context, "preflight");
  // An earlier run may have revoked all that this look would find.
  if (!input.resumed?.isCommitted) yield* perform(preflight, work);

  let howFar = "Access that has ended could not all be taken away";
  const onStage = ({ name }: Stage) => {
    if (name !== "takeAway") howFar = "Access that has ended is taken away. The rest of the change could not be done";
  };
  try {
    const [, ...stages] = stagesOf(work.operation);
    return yield* execute(context, { input, work, stages, onStage });
  } catch (error) {
    throw new ChangeIncomplete(error, howFar);
  }
}
