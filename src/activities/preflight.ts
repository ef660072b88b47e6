import { z } from "zod";
import { requestApproval } from "../application/decisions/approval.ts";
import { recordStart } from "../application/operation/recordStart.ts";
import { planOnboarding } from "../application/plan/planOnboarding.ts";
import { planRepair } from "../application/plan/planRepair.ts";
import { throwBlockers } from "../application/plan/throwBlockers.ts";
import { isCode } from "../domain/errors.ts";
import { berthKey } from "../domain/naming/names.ts";
import type { OperationError } from "../domain/operation/operation.ts";
import type { Plan } from "../domain/operation/plan.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { administeredServers } from "../domain/targets/sqlDatabase.ts";
import { StepInput, StepResult } from "../resources/definitions/step.ts";
import { stepActivity } from "./host.ts";

/**
 * The SQL servers whose administrator the operation checks and sets. Absent without such servers, and in operations older than
 * the step.
 */
const Admins = z.array(z.string()).optional();

function adminsToSet({ steps }: Plan): string[] {
  return steps
    .filter(({ name, action }) => name === "ensureSqlAdmin" && action === "create")
    .map(({ target }) => target);
}

/** Names every blocker before the first write of an onboarding or a change. Reads only. */
export const preflight = stepActivity({
  name: "preflight",
  input: StepInput.extend({ request: OnboardingRequest, earlier: OnboardingRequest.optional() }),
  output: StepResult.extend({ approval: z.object({ expiresTime: z.string() }).optional(), admins: Admins }),
  target: berthKey,
  async run(input, ports, step) {
    const kind = input.earlier ? "change" : "onboard";
    // The record names the operation's team, whose approval rules apply.
    const [plan, accepted] = await Promise.all([
      planOnboarding(ports, input),
      ports.registry.getOperation(input.operation),
      recordStart(ports, { ...input, kind }),
    ]);
    throwBlockers(plan);
    const news = plan.steps.flatMap(({ notices = [] }) => notices).filter(isNews);
    if (news.length > 0) await step.notice(news);
    const approval = await requestApproval(ports, { ...input, team: accepted?.team, steps: plan.steps });
    // An approval may take days, and an administrator may be removed meanwhile: so the step looks at every server again.
    const admins = approval ? [...administeredServers(ports.catalog, input.request)] : adminsToSet(plan);
    return { action: "none", approval, ...(admins.length > 0 ? { admins } : {}) };
  },
});

/** A missing namespace is only news in a plan; here it is created next. */
function isNews({ code }: OperationError): boolean {
  return !isCode(code, "NAMESPACE_NOT_THERE_YET");
}

/** Runs before the first write of a repair. */
export const checkNamespace = stepActivity({
  name: "checkNamespace",
  input: StepInput.extend({
    request: OnboardingRequest,
    clientId: z.guid().optional(),
    isMigrating: z.boolean(),
  }),
  output: StepResult.extend({ admins: Admins }),
  target: berthKey,
  async run({ clientId, isMigrating, ...input }, ports) {
    const [plan] = await Promise.all([
      planRepair(ports, { ...input, clientId, isMigrating }),
      recordStart(ports, { ...input, kind: "repair" }),
    ]);
    throwBlockers(plan);
    const admins = adminsToSet(plan);
    return { action: "none", ...(admins.length > 0 ? { admins } : {}) };
  },
});
