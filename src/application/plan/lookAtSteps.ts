/** How the looks of an operation's steps become its plan. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { ProcessStepName, StepKey, StepName } from "../../domain/operation/stepName.ts";
import { everyKind } from "../../domain/targets/index.ts";
import type { Kubernetes, Ports } from "../../ports.ts";
import { lookLeavingDropped } from "../../resources/definitions/leftCatalog.ts";
import type { Look, LookInput } from "../../resources/definitions/look.ts";
import { resourceLooks } from "../../resources/effects.ts";
import { expectSameNamespace } from "../operation/sameNamespace.ts";
import { planCutOver, planUndoCutOver } from "./planCutOver.ts";
import { planLeftovers } from "./planLeftovers.ts";
import { planPreflight } from "./preflightLook.ts";

/**
 * Looks of the steps that do not make things. A step that only reads the result, or needs a look of its own, is not planned.
 */
const processLooks: Readonly<Record<ProcessStepName, Look | "notPlanned">> = {
  preflight: planPreflight,
  async checkNamespace(ports, { request, step }) {
    await expectSameNamespace(ports, request);
    return toStepPlan(step, { action: "none" });
  },
  cutOver: async (_ports, { request, migrating }) => planCutOver(request, migrating?.migration ?? {}),
  undoCutOver: ({ registry }, { request }) => planUndoCutOver(registry, request),
  removeLeftovers: planLeftovers,
  checkDependants: "notPlanned",
  takeInventory: "notPlanned",
  checkPods: "notPlanned",
  verify: "notPlanned",
  verifySideBySide: "notPlanned",
  verifyRemoval: "notPlanned",
};

const looks: Readonly<Record<StepName, Look | "notPlanned">> = { ...resourceLooks, ...processLooks };

/** The plans of the steps that have one, in order. */
export async function lookAtSteps(
  ports: Ports,
  steps: readonly StepKey[],
  input: Omit<LookInput, "step">,
): Promise<StepPlan[]> {
  const once = { ...ports, kubernetes: readOnce(ports.kubernetes) };
  const plans = steps.map((step) => lookAtStep(once, { ...input, step }));
  return (await Promise.all(plans)).filter((plan) => plan !== undefined);
}

/** Several looks read the namespace: within one plan, they see it, and any other object, in one state. */
function readOnce(kubernetes: Kubernetes): Kubernetes {
  const found = new Map<string, ReturnType<Kubernetes["get"]>>();
  return {
    ...kubernetes,
    get(cluster, ref) {
      const key = JSON.stringify([cluster.alias, ref.apiVersion, ref.kind, ref.namespace, ref.name]);
      const reading = found.get(key) ?? kubernetes.get(cluster, ref);
      found.set(key, reading);
      return reading;
    },
  };
}

/** Undefined when the step is not planned. */
export async function lookAtStep(ports: Ports, input: LookInput): Promise<StepPlan | undefined> {
  const look = looks[input.step.name];
  if (look === "notPlanned") return undefined;
  const { kind, step } = input;
  const isOf = (act: "grant" | "retire") => everyKind.some(({ steps }) => steps[act] === step.name);
  const leavesDropped = kind === "offboard" || isOf("retire") || (kind === "repair" && isOf("grant"));
  return await explain(step, async () => {
    return leavesDropped ? await lookLeavingDropped(step, () => look(ports, input)) : await look(ports, input);
  });
}

/** A known error is a blocker of its step; an unforeseen one is not for a plan to explain. */
export async function explain(step: StepKey, look: () => StepPlan | Promise<StepPlan>): Promise<StepPlan> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError) && !(error instanceof TransientError)) throw error;
    const { code, message } = error;
    return toStepPlan(step, { action: "conflict", conflict: { code, message } });
  }
}
