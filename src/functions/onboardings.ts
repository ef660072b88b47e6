import { app } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { withEstimate } from "../activities/estimatePlan.ts";
import { planOnboarding } from "../activities/planOnboarding.ts";
import { logLine } from "../domain/logLine.ts";
import { createOperationId } from "../domain/operationId.ts";
import { type Plan, planOfSame } from "../domain/plan.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { hashRequest } from "../domain/requestHash.ts";
import { traceIdOf } from "../domain/trace.ts";
import type { Ports } from "../ports.ts";
import { acceptOnboarding, type Desk, earlierOf, findSame, findSettled } from "./acceptance.ts";
import { type AdmissionOptions, admit, expectQuota, ownerAfter } from "./admission.ts";
import { authenticate } from "./authentication.ts";
import { answerOnce } from "./idempotency.ts";
import { readBody, readFlag } from "./readBody.ts";
import { readOnboardingRequest } from "./readRequest.ts";
import { accepted, json, route } from "./respond.ts";

export function registerOnboardings(ports: Ports): void {
  app.http("createOnboarding", {
    route: "api/onboardings",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (httpRequest, context, traceparent) => {
      const by = await authenticate(httpRequest, ["Onboarding.Request"]);
      const isDryRun = readFlag(httpRequest, "dryRun");
      const takeOver = readFlag(httpRequest, "takeOver");
      const body = await readBody(httpRequest);
      const request = readOnboardingRequest(ports.catalog, body);
      if (isDryRun)
        return json(200, await planRequest({ ports, by, warn: context.warn.bind(context) }, request, { takeOver }));
      const desk = { ports, client: getClient(context), by, traceparent, warn: context.warn.bind(context) };
      return await answerOnce(ports.idempotencyKeys, { request: httpRequest, by, body, context }, async () => {
        const { operation, kind, isNew } = await acceptOnboarding(desk, request, { takeOver });
        const { cluster, namespace } = request;
        const facts = { operation, kind, isNew, cluster, namespace, traceId: traceIdOf(traceparent) };
        context.log(logLine("onboarding accepted", facts));
        return accepted(httpRequest, operation, { id: operation, kind, isNew });
      });
    }),
  });
}

/** What would become of the request: refused as it would be, answered with its operation, or carried out step by step. */
export async function planRequest(
  desk: Pick<Desk, "ports" | "by" | "warn">,
  request: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Plan> {
  const { ports } = desk;
  const admission = admit(desk, request, options);
  const current = await findSettled(ports.registry, request);
  const team = ownerAfter(desk, admission, current);
  const { cluster, namespace } = request;
  if (!current) await expectQuota(ports, { cluster, namespace, ...(team === undefined ? {} : { team }) });
  const same = current && (await findSame(desk, current, { requestHash: hashRequest(request), ...admission }));
  if (same) return planOfSame(same);
  const operation = createOperationId(new Date());
  const earlier = current && earlierOf(request, current);
  const plan = await planOnboarding(ports, { operation, request, earlier, team, takeOver: admission.takeOver });
  return await withEstimate(ports, plan, { kind: earlier ? "change" : "onboard", request });
}
