import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { perform, performStep, performTogether, type Work } from "../activities/steps.ts";
import { checkDependants } from "../application/process/checkDependants.ts";
import { removeLeftovers } from "../application/process/removeLeftovers.ts";
import { removed } from "../application/process/stages.ts";
import { verifyRemoval } from "../application/process/verify.ts";
import type { StepKey } from "../domain/operation/stepName.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { IdentityMode } from "../domain/request/request.ts";
import { orchestration } from "../durable/orchestration.ts";
import { waitsUntil } from "../durable/persist.ts";
import { isPersistent } from "../durable/retry.ts";
import { all, type Durable, settledOf } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { conclude, OperationInput, setPhase, workOf } from "./operation.ts";

const OffboardInput = OperationInput.extend({
  /** Objects of two identity modes may be there. */
  isMigrating: z.boolean(),
  /** Since 0.2.0: which one besides that of the request, where it is not the usual one. */
  otherMode: IdentityMode.optional(),
  /** Continues although others depend on what is removed. */
  ignoreDependants: z.boolean(),
});

/**
 * Removes a namespace's access: first what lets a pod become the identity, then what the identity may do, then the identity
 * itself, and the namespace last. If someone else uses the identity, it stops before the first removal (where access has ended, before
 * the identity); what is in the way of one removal stops it only after all others of access. It has no undo, and can be run again.
 */
export const offboardNamespace = orchestration({
  name: "offboardNamespace",
  input: OffboardInput,
  run: (context, input) => {
    let isUntouched = !input.resumed?.hasChanged;
    const body = function* () {
      const { isMigrating, otherMode, ignoreDependants } = input;
      const { base, operation } = workOf(input, "offboard", { isMigrating, otherMode, ignoreDependants });
      // In an offboarding that 0.1.0 began, each removal looks once.
      const work = { base: isPersistent(input.retry) ? { ...base, looksAgain: true } : base, operation };

      setPhase(context, "preflight");
      const { isHeld, hasLeftovers } = yield* perform(checkDependants, work);

      isUntouched = false;
      setPhase(context, "provisioning");
      // Where something is in the way, nothing that gives access waits for it.
      const { together: own, afterwards, shutting } = removed(isHeld ? { ...operation, endsFirst: true } : operation);
      const together = hasLeftovers ? [...own, removeLeftovers.keyFor(operation)] : own;
      try {
        yield* remove(context, { together, afterwards: isHeld ? [] : afterwards }, work);
      } catch (error) {
        // In an offboarding that 0.1.0 began, the credential waits for everything before it.
        if (isPersistent(input.retry)) for (const step of shutting) yield* settledOf(performStep(step, work));
        throw error;
      }
      if (isHeld) {
        yield* perform(checkDependants, work, { endsFirst: false });
        yield* remove(context, { together: [], afterwards }, work);
      }

      setPhase(context, "verifying");
      yield* perform(verifyRemoval, work);
      return {};
    };
    return conclude(context, { ...input, kind: "offboard" }, body, () => ({ isUntouched }));
  },
});

/** Runs the removals, and then again, at the time that they give, those that have to look again. A cancel wakes them. */
function* remove(
  context: OrchestrationContext,
  { together, afterwards }: { readonly together: readonly StepKey[]; readonly afterwards: readonly StepKey[] },
  work: Work,
): Durable<void> {
  const results = yield* all(context, performTogether(together, work));
  let open = together.map((step, index) => ({ step, until: waitsUntil(results[index]) }));
  for (const step of afterwards) open.push({ step, until: waitsUntil(yield* performStep(step, work)) });
  for (;;) {
    open = open.filter(({ until }) => until !== undefined);
    const next = open.map(({ until = "" }) => until).toSorted()[0];
    if (next === undefined) return;
    const isWoken = yield* waitForEvent(context, decisionEvent, next);
    for (const each of open) {
      if (isWoken || (each.until ?? "") <= next) each.until = waitsUntil(yield* performStep(each.step, work));
    }
  }
}
