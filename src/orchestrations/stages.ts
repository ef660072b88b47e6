/** Runs what an onboarding, a change or a repair does between its first look and its proof. */
import type { OrchestrationContext } from "durable-functions";
import { performPreparation, performTogether, type Work } from "../activities/steps.ts";
import type { ForwardStage } from "../application/process/stages.ts";
import { defined } from "../domain/defined.ts";
import { all, type Durable } from "../durable/step.ts";
import type { Report } from "./operation.ts";

interface Around {
  readonly before?: (stage: ForwardStage, work: Work) => void;
  readonly after?: (stage: ForwardStage) => Durable<void>;
}

interface Made {
  /** With the identity, once there is one. */
  readonly work: Work;
  readonly reached: Pick<Report, "clientId" | "namespaceUid">;
}

/** One stage after the other, the steps of each at the same time. */
export function* runStages(
  context: OrchestrationContext,
  work: Work,
  stages: readonly ForwardStage[],
  { before, after }: Around = {},
): Durable<Made> {
  let made: Made = { work, reached: {} };
  for (const stage of stages) {
    before?.(stage, made.work);
    if (stage.name === "prepare") {
      const [identity, { uid }] = yield* performPreparation(stage.steps, made.work);
      made = {
        work: { ...work, operation: { ...work.operation, identity } },
        reached: { clientId: identity.clientId, ...defined({ namespaceUid: uid }) },
      };
    } else {
      yield* all(context, performTogether(stage.steps, made.work));
    }
    if (after) yield* after(stage);
  }
  return made;
}
