import { z } from "zod";
import { acceptOnboarding } from "../../application/acceptance/acceptance.ts";
import type { AdmissionOptions } from "../../application/admission/admission.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import { planRequest } from "../../application/dryRun/planRequest.ts";
import type { RequestRecovery } from "../../application/recovery/recoverOnRequest.ts";
import { receiveRequest } from "../../application/requests/readRequest.ts";
import { AdoptIdentity } from "../../domain/naming/identityPair.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { AnyRequest, objectSchema } from "../../domain/request/sentRequest.ts";
import { answerChange } from "../../http/changes/answerChange.ts";
import { declareRoute } from "../../http/declaration.ts";
import { acceptedResponse, body, planned, problem } from "../../http/docs/answers.ts";
import { objectRequest, plan, request } from "../../http/docs/examples.ts";
import { sentBody } from "../../http/parameters/body.ts";
import { change } from "../../http/parameters/change.ts";
import { unlessExists } from "../../http/parameters/conditions.ts";
import { confirmRemoval } from "../../http/parameters/confirmRemoval.ts";
import { flag } from "../../http/parameters/flag.ts";
import { queryOf } from "../../http/parameters/query.ts";
import { at } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";

export const onboardingSchema = declareRoute({
  operationId: "onboardingSchema",
  method: "GET",
  at: at("/api/onboardings/schema.json"),
  access: "anybody",
  tag: "Onboardings",
  summary: "The JSON Schema of requests in the form of a Kubernetes object",
  description: "For editors: `# yaml-language-server: $schema=` with this address.",
  reads: [],
  answers: {
    200: body("JSON Schema, draft 7.", z.looseObject({ $schema: z.string() }), {
      schema: { $schema: "http://json-schema.org/draft-07/schema#", title: "NamespaceOnboarding" },
    }),
  },
});

export const createOnboarding = declareRoute({
  operationId: "createOnboarding",
  method: "POST",
  at: at("/api/onboardings"),
  access: ["Onboarding.Request"],
  hasClient: true,
  tag: "Onboardings",
  summary: "Onboard or change a namespace, or plan it with dryRun=true",
  description:
    "Mooring accepts the request and runs it as an operation. The same request again gets the same operation; a different request changes an onboarded namespace. A request that cannot succeed is refused before anything is written; a plan lists the reasons as blockers. If-Match and If-None-Match refer to the namespace in the request; If-Match is ignored if the namespace already is as requested. A request that leaves out what an onboarded namespace has needs confirmRemoval=true, or the namespace's version in If-Match; the plan lists it under `removes`.",
  reads: [
    change,
    flag(
      "takeOver",
      "Operators only: takes the namespace over from the team that has it, or binds it to the Kubernetes namespace that exists now.",
    ),
    confirmRemoval,
    queryOf(
      z.object({
        adoptIdentity: AdoptIdentity.optional().meta({
          description:
            "Operators only: the client or principal ID of an identity that Mooring made or used, and that no record knows (`IDENTITY_UNRECORDED`), or `any`. The operation uses it, and what has the namespace's mark and is its. A dry run lists what it can reach.",
        }),
      }),
    ),
    unlessExists(
      "`*` onboards only a namespace that is not onboarded yet, not even as requested; otherwise the answer is 412.",
    ),
    sentBody(AnyRequest, { request, objectRequest }),
  ],
  answers: {
    200: planned({ plan }),
    202: acceptedResponse,
    409: problem(
      "Another operation or team holds the namespace, the change is not possible or would remove access without a sign that this is meant, or the quota is used up.",
      "REMOVAL_NOT_CONFIRMED",
    ),
    412: problem(
      "The namespace has changed since the version in If-Match, or exists despite If-None-Match.",
      "PRECONDITION_FAILED",
    ),
  },
});

export function registerOnboardings(ports: Ports, routes: Routes, requestRecovery: RequestRecovery): void {
  routes.serveAnybody(onboardingSchema, async () => json(200, objectSchema()));

  routes.serve(
    createOnboarding,
    async (call, asked, takeOver, isRemovalConfirmed, { adoptIdentity }, refuseExisting, sent) => {
      const { by, context } = call;
      const { request: wanted, asSent } = receiveRequest({ catalog: ports.catalog, by }, sent);
      // If-Match and If-None-Match refer to the namespace that the request names.
      const expect: AdmissionOptions["expect"] = (record, isDone) => {
        if (!record) return asked.condition.matchNothing(`Namespace ${namespaceKey(wanted)} is not onboarded.`);
        const current = currentNamespace(record);
        // If the request is already done, If-Match names an old version: most likely this same request changed it.
        if (!isDone) asked.condition.match(current);
        refuseExisting(current);
      };
      const options = { takeOver, isRemovalConfirmed, adoptIdentity, expect };
      const { cluster, namespace } = wanted;
      try {
        return await answerChange(ports, call, asked, {
          sent,
          event: "onboarding accepted",
          facts: { cluster, namespace },
          plan: () => planRequest({ ports, by, warn: context.warn.bind(context) }, wanted, options),
          recovery: { requestRecovery, namespaceRef: wanted },
          async accept(acceptance) {
            const accepted = await acceptOnboarding(acceptance, wanted, options);
            const { isUnchanged, needsApproval = [] } = accepted;
            const message = isUnchanged
              ? `${namespaceKey(wanted)} is already onboarded as requested, by this operation; nothing changes.`
              : needsApproval.length > 0
                ? `It waits for approval before anything is written. ${needsApproval.join(" ")}`
                : undefined;
            return { ...accepted, message };
          },
        });
      } catch (error) {
        throw asSent(error);
      }
    },
  );
}
