import { count } from "../../domain/count.ts";
import { errorOf, PermanentError } from "../../domain/errors.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { Migration, modeLeft } from "../../domain/operation/migration.ts";
import { type Conflict, type Notice, toNotice, toStepPlan } from "../../domain/operation/plan.ts";
import type { ByMode } from "../../domain/request/modes.ts";
import { Time } from "../../domain/time.ts";
import type { Ports } from "../../ports/index.ts";
import { type Dependants, withDependants } from "../../resources/definitions/dependants.ts";
import { migrationOf } from "../../resources/definitions/operationFacts.ts";
import { defineStep, type StepInput } from "../../resources/definitions/step.ts";
import { dependantsOfPodIdentity } from "../../resources/podIdentity/bindings.ts";
import { describeBlockingPods, podsOnPreviousMode } from "../migration/podsOnPreviousMode.ts";

/** Fails while a pod would lose its identity; if there is a next look, only reports these pods. */
export const checkPods = defineStep({
  name: "checkPods",
  target: "namespace",
  given: {
    migration: Migration,
    /** RFC 3339: the next look. Absent for the last look, and in operations that 0.1.0 began, which look once. */
    next: Time.optional(),
  },
  from: (operation) => ({ migration: migrationOf(operation) }),
  /** The migration waits for pods that use the previous mode, or is blocked by them if the catalog says not to wait. */
  async look(ports, { migration, ...namespaceRef }, { step, pods }) {
    const using = pods ?? (await podsOnPreviousMode(ports, namespaceRef, migration));
    const conflict = describeBlockingPods(namespaceRef, migration, using);
    const { waitForPodsMinutes } = ports.catalog.migration;
    const notice = conflict && waitForPodsMinutes > 0 && waitsForPods(conflict, waitForPodsMinutes);
    const found = toStepPlan(step, { action: "none", ...(notice ? { notices: [notice] } : { conflict }) });
    return withDependants(found, await dependantsOf[modeLeft(migration)](ports, namespaceRef), false);
  },
  async run(input, ports, step) {
    const { migration, next } = input;
    const blocker = describeBlockingPods(input, migration, await podsOnPreviousMode(ports, input, migration));
    if (blocker && next !== undefined) {
      await step.notice([toNotice("WAITS_FOR_PODS", blocker.message)]);
      return { action: "none", waitsUntil: next };
    }
    // Clears the notice about pods that it waited for.
    if (await hasWaited(ports, input)) await step.notice([]);
    if (blocker) throw new PermanentError(blocker.code, blocker.message);
    const [dependant] = (await dependantsOf[modeLeft(migration)](ports, input)).flatMap(({ blockers }) => blockers);
    if (dependant) throw errorOf(dependant.code, dependant.message);
    return { action: "none" };
  },
});

/** Who else depends on what the mode that is left has made. */
const dependantsOf: ByMode<(ports: Ports, namespaceRef: NamespaceRef) => Promise<readonly Dependants[]>> = {
  podIdentity: async (ports, namespaceRef) => [await dependantsOfPodIdentity(ports, namespaceRef)],
  workloadIdentity: async () => [],
  identityBinding: async () => [],
};

function waitsForPods({ message }: Conflict, minutes: number): Notice {
  return {
    code: "WAITS_FOR_PODS",
    message: `${message} The migration waits for them, for up to ${count(minutes, "minute")}.`,
  };
}

async function hasWaited(
  { registry }: Pick<Ports, "registry">,
  { operation, ...namespaceRef }: StepInput,
): Promise<boolean> {
  const step = await registry.getStep(operation, { name: "checkPods", target: namespaceKey(namespaceRef) });
  return step?.notices !== undefined;
}
