import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { checkDependants } from "../activities/checkDependants.ts";
import { retireCredential, unfederateIdentity } from "../activities/federatedCredential.ts";
import { removeIdentity } from "../activities/identity.ts";
import { removeNamespace } from "../activities/namespace.ts";
import { removePodIdentity } from "../activities/podIdentity.ts";
import { removeServiceAccount, retireServiceAccount } from "../activities/serviceAccount.ts";
import { retireTargets, revokeTargets } from "../activities/targets.ts";
import { verifyRemoval } from "../activities/verification.ts";
import { decisionEvent } from "../domain/operation/wakingEvents.ts";
import { replacedAccount } from "../domain/request/change.ts";
import { orchestration } from "../durable/orchestration.ts";
import { waitsUntil } from "../durable/persist.ts";
import { isPersistent } from "../durable/retry.ts";
import { all, type Durable, type Step } from "../durable/step.ts";
import { waitForEvent } from "../durable/waiting.ts";
import { conclude, OperationInput, setPhase, stepBase } from "./operation.ts";

const OffboardInput = OperationInput.extend({
  /** Objects of both identity modes may be there. */
  isMigrating: z.boolean(),
  /** Continues although others depend on what is removed. */
  ignoreDependants: z.boolean(),
});

/**
 * Removes a namespace's access: first what lets a pod become the identity, then what the identity may do, then the identity
 * itself, and the namespace last. If someone else depends on any of this, it stops before the first removal. It has no undo; if
 * a step fails, it stops there and can be run again.
 */
export const offboardNamespace = orchestration({
  name: "offboardNamespace",
  input: OffboardInput,
  run: (context, input) => {
    let isUntouched = !input.resumed?.hasChanged;
    const body = function* () {
      const { request, earlier, retry, isMigrating, ignoreDependants } = input;
      const { serviceAccount, deletePolicy } = request;
      // In an offboarding that 0.1.0 began, each removal looks once.
      const base = { ...stepBase(input), ...(isPersistent(retry) ? { looksAgain: true } : {}) };
      // Left over from a change that stopped partway.
      const oldAccount = earlier && replacedAccount(request, earlier);
      const isWorkload = isMigrating || request.identityMode === "workloadIdentity";
      const isPod = isMigrating || request.identityMode === "podIdentity";

      setPhase(context, "preflight");
      yield* checkDependants({ ...base, request, ignoreDependants, ...(earlier ? { earlier } : {}) }, retry);

      isUntouched = false;
      setPhase(context, "provisioning");
      yield* remove(context, {
        together: [
          ...(isWorkload ? [() => removeServiceAccount({ ...base, serviceAccount }, retry)] : []),
          ...(isPod ? [() => removePodIdentity(base, retry)] : []),
          ...revokeTargets(base, request),
          ...(earlier ? retireTargets(base, request, earlier) : []),
          ...(oldAccount ? [() => retireServiceAccount({ ...base, serviceAccount: oldAccount }, retry)] : []),
        ],
        afterwards: [
          ...(oldAccount ? [() => retireCredential({ ...base, serviceAccount: oldAccount }, retry)] : []),
          () => unfederateIdentity({ ...base, serviceAccount }, retry),
          () => removeIdentity(base, retry),
          () => removeNamespace({ ...base, deletePolicy, ...(ignoreDependants ? { ignoreDependants } : {}) }, retry),
        ],
      });

      setPhase(context, "verifying");
      yield* verifyRemoval({ ...base, request, isMigrating, ...(earlier ? { earlier } : {}) }, retry);
      return {};
    };
    return conclude(context, { ...input, kind: "offboard" }, body, () => ({ isUntouched }));
  },
});

type Removal = () => Step<unknown>;

/** Runs the removals, and then again, at the time that they give, those that have to look again. A cancel wakes them. */
function* remove(
  context: OrchestrationContext,
  { together, afterwards }: { together: readonly Removal[]; afterwards: readonly Removal[] },
): Durable<void> {
  const results = yield* all(
    context,
    together.map((run) => run()),
  );
  let open = together.map((run, index) => ({ run, until: waitsUntil(results[index]) }));
  for (const run of afterwards) open.push({ run, until: waitsUntil(yield* run()) });
  for (;;) {
    open = open.filter(({ until }) => until !== undefined);
    const next = open.map(({ until = "" }) => until).toSorted()[0];
    if (next === undefined) return;
    const isWoken = yield* waitForEvent(context, decisionEvent, next);
    for (const each of open) {
      if (isWoken || (each.until ?? "") <= next) each.until = waitsUntil(yield* each.run());
    }
  }
}
