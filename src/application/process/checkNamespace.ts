import { z } from "zod";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { isGuest } from "../../domain/naming/names.ts";
import { RecordedModes, readModes, recordModes } from "../../domain/operation/migration.ts";
import { throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { Obstacles } from "../../resources/definitions/preflight.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { lookAtSharing } from "../../resources/identity/sharing.ts";
import { joinIdentity } from "../admission/joinIdentity.ts";
import { expectSameNamespace } from "../inspection/sameNamespace.ts";
import { Admins, adminsToSet } from "./admins.ts";
import { lookForRoom } from "./preflightChecks.ts";
import { hasLeftovers } from "./removeLeftovers.ts";
import { throwBlockers } from "./throwBlockers.ts";

const nothing: Obstacles = {};

/** Names every blocker before the first write of a repair. Reads only, but for a guest's name in the record of its home. */
export const checkNamespace = defineStep({
  name: "checkNamespace",
  stage: "look",
  target: "namespace",
  given: {
    request: OnboardingRequest,
    clientId: ClientId.optional(),
    ...RecordedModes.shape,
  },
  /** `hasLeftovers`: a repair in the middle of a migration has something to remove. Since 0.2.0. */
  output: StepResult.extend({ admins: Admins, hasLeftovers: z.boolean().exactOptional() }),
  from: ({ request, clientId, modeBeside }) => ({ request, clientId, ...recordModes(request, modeBeside) }),
  async look(ports, { request }, planning) {
    const [sharing, room] = await Promise.all([
      isGuest(request) ? lookAtSharing(ports, { request }) : nothing,
      lookForRoom(ports, planning),
      expectSameNamespace(ports, request, { givesWayIn: isGuest(request) }),
    ]);
    const blockers = [sharing, room].flatMap((each) => each.blockers ?? []);
    const plan = toStepPlan(planning.step, { action: "none" });
    return blockers.length > 0 ? { ...plan, action: "conflict", blockers } : plan;
  },
  async run({ request, clientId, ...modes }, ports, step) {
    const notJoined = await joinIdentity(ports, request);
    const plan = await step.plan({ kind: "repair", request, clientId, modeBeside: readModes(request, modes) });
    throwBlockers(plan);
    throwConflict(notJoined);
    const admins = adminsToSet(plan);
    const found = modes.isMigrating === true && hasLeftovers(plan.steps);
    return { action: "none", ...defined({ admins: unlessEmpty(admins), hasLeftovers: found || undefined }) };
  },
});
