/** The change to what is left of a namespace's access when some of it has ended. */
import type { OrchestrationContext } from "durable-functions";
import { perform } from "../activities/steps.ts";
import { verifyAndConclude } from "../activities/verifyAndConclude.ts";
import { preflight } from "../application/process/preflight.ts";
import { forwardStages } from "../application/process/stages.ts";
import { verify } from "../application/process/verify.ts";
import { StepFailed } from "../durable/activity.ts";
import type { Durable } from "../durable/step.ts";
import { ChangeIncomplete, type OperationInput, type Report, setPhase, workOf } from "./operation.ts";
import { runStages } from "./stages.ts";
import { throwFailure } from "./undos.ts";

/**
 * Revokes what has ended, whatever is wrong with what stays, and then rewrites what is in the namespace. It gives nothing and undoes nothing:
 * the preflight is the point of no return. What stays is read back at the end, and differences are drift like any other.
 */
export function* endAccess(context: OrchestrationContext, input: OperationInput): Durable<Report> {
  const work = workOf(input, "change");
  const { operation } = work;
  throwFailure(input);

  setPhase(context, "preflight");
  // An earlier run may have revoked all that this look would find.
  if (!input.resumed?.isCommitted) yield* perform(preflight, work);

  setPhase(context, "provisioning");
  let howFar = "Access that has ended could not all be taken away";
  try {
    const { work: known, reached } = yield* runStages(context, work, forwardStages(operation), {
      before({ name }) {
        if (name !== "takeAway")
          howFar = "Access that has ended is taken away. The rest of the change could not be done";
      },
    });

    setPhase(context, "verifying");
    const { namespaceUid } = reached;
    const proof = { ...known.base, ...verify.from(known.operation, ""), kind: "change", namespaceUid } as const;
    return yield* readBack(proof, input);
  } catch (error) {
    throw new ChangeIncomplete(error, howFar);
  }
}

/** What cannot be read after all attempts keeps nothing from ending: it becomes a finding. */
function* readBack(proof: Parameters<typeof verifyAndConclude>[0], { retry }: OperationInput): Durable<Report> {
  try {
    return yield* verifyAndConclude(proof, retry);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return yield* verifyAndConclude({ ...proof, findsUnread: true }, retry);
  }
}
