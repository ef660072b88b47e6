import { z } from "zod";
import { PermanentError } from "../../domain/errors.ts";
import { breaksAccess, Finding, keep } from "../../domain/finding.ts";
import { ClientId } from "../../domain/naming/identityPair.ts";
import { KnownThing } from "../../domain/naming/ownership.ts";
import { besideOf, migrated, PerhapsModes, readModes, recordModes } from "../../domain/operation/migration.ts";
import { onlyTakesAway } from "../../domain/request/loss.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { noticeOfLeft } from "../../resources/definitions/leftCatalog.ts";
import { clientOf } from "../../resources/definitions/operationFacts.ts";
import { defineStep, StepResult } from "../../resources/definitions/step.ts";
import { readOnce } from "../answers.ts";
import { isCommitted } from "../decisions/cancellation.ts";
import { findRemains } from "../inspection/findRemains.ts";
import { lookTwice, proveNamespace, throwErrors } from "../inspection/proveNamespace.ts";

const proof = { duration: { least: 0.5, most: 10 }, waitsForJob: true, provesAll: true, target: "namespace" } as const;

/**
 * Fails on findings that break access; lesser ones are returned and kept with the namespace's record. Where the operation is committed
 * (this is a second run of the step, or access has ended) or only takes away, they are ordinary drift: whoever caused them must not keep
 * what is to go.
 */
export const verify = defineStep({
  name: "verify",
  ...proof,
  given: {
    request: OnboardingRequest,
    /** Its action is that of the step that sees to it. */
    identity: z.object({ clientId: ClientId, action: z.string().optional() }),
    isMigrating: z.boolean().optional(),
    /** What cannot be read for now is a finding; otherwise the step fails and is tried again. Since 0.2.0. */
    findsUnread: z.boolean().optional(),
  },
  output: StepResult.extend({ findings: z.array(Finding), things: z.array(KnownThing).optional() }),
  from: (operation) => ({
    request: operation.migration ? migrated(operation.request, operation.migration) : operation.request,
    identity: clientOf(operation),
    isMigrating: operation.kind === "repair" ? operation.modeBeside !== undefined : undefined,
  }),
  async run(
    { operation, request, identity: { clientId, action }, isMigrating = false, findsUnread = false },
    ports,
    step,
  ) {
    const { earlier, things, migration } = (await ports.registry.getNamespace(request)) ?? {};
    const modeBeside = isMigrating ? besideOf(request, migration) : undefined;
    const inspection = { request, earlier, clientId, modeBeside, things, isNew: action === "create", findsUnread };
    const { findings, ...seen } = await proveNamespace(ports, inspection, operation);
    if (findings.length > 0) await step.expectAfresh();
    const onlyTakes = earlier !== undefined && onlyTakesAway(request, earlier);
    if (!onlyTakes && findings.some(breaksAccess) && !(await isCommitted(ports.registry, operation)))
      throwErrors(findings);
    await step.commit();
    return { action: "none", findings: [...keep(findings)], things: [...seen.things] };
  },
});

/**
 * Nothing that Mooring created for the namespace may be left. Adopted things stay and do not count. Of what cannot be reached any
 * more, it says so.
 */
export const verifyRemoval = defineStep({
  name: "verifyRemoval",
  ...proof,
  given: {
    request: OnboardingRequest,
    earlier: OnboardingRequest.optional(),
    ...PerhapsModes.shape,
  },
  from: ({ request, earlier, modeBeside }) => ({ request, earlier, ...recordModes(request, modeBeside) }),
  async run({ request, earlier, ...modes }, ports, step) {
    const modeBeside = readModes(request, modes);
    let unseen: readonly string[] = [];
    const remains = await lookTwice(async () => {
      const once = readOnce(ports);
      // The current request decides whether the namespace itself goes, not the one that it replaced.
      const requests = earlier ? [request, { ...earlier, deletePolicy: request.deletePolicy }] : [request];
      const looks = requests.map((each) => findRemains(once, { request: each, modeBeside }, step));
      const remains = await Promise.all(looks);
      unseen = [...new Set(remains.flatMap((each) => each.unseen))];
      return [...new Set(remains.flatMap(({ found }) => found))];
    });
    if (remains.length > 0) throw new PermanentError("VERIFICATION_FAILED", remains.join(" "));
    if (unseen.length > 0) await step.notice(unseen.map((message) => noticeOfLeft({ message })));
    await step.commit();
    return { action: "none" };
  },
});
