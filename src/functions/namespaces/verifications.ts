import type { InvocationContext } from "@azure/functions";
import { expectFree, findCurrent } from "../../application/admission/claim.ts";
import { mustSee } from "../../application/admission/seeNamespace.ts";
import { currentNamespace } from "../../application/documents/namespaceDocument.ts";
import { inspectionOf, recordFindings } from "../../application/inspection/driftRecord.ts";
import { proveNamespace } from "../../application/inspection/proveNamespace.ts";
import { VerificationDocument } from "../../domain/documents/namespace.ts";
import { TransientError } from "../../domain/errors.ts";
import { toDocument, worstOf } from "../../domain/finding.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { FreeRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { declareRoute } from "../../http/declaration.ts";
import { body, problem } from "../../http/docs/answers.ts";
import { verification } from "../../http/docs/examples.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { changeWithoutPlan } from "../../http/parameters/change.ts";
import { flag } from "../../http/parameters/flag.ts";
import { atNamespace } from "../../http/place.ts";
import { json } from "../../http/respond.ts";
import type { Routes } from "../../http/route.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";

/** Why there is no dry run. */
const noDryRun = "a verification only reads";

export const verifyNamespace = declareRoute({
  operationId: "verifyNamespace",
  method: "POST",
  at: atNamespace("/verify"),
  access: ["Onboarding.Request"],
  counts: "verification",
  tag: "Namespaces",
  summary: "Verify the namespace now and, if the catalog allows it, log in as the workload does",
  description: `No dry run: ${noDryRun}.`,
  reads: [
    changeWithoutPlan(noDryRun),
    flag(
      "fresh",
      "true also asks anew what the identity has elsewhere, which may otherwise be as of some minutes ago.",
    ),
  ],
  answers: {
    200: body("The findings.", VerificationDocument, { verification }),
    409: problem(
      "An operation holds the namespace, or the first request with the same idempotency key is still being answered.",
      "OPERATION_IN_PROGRESS",
    ),
  },
});

export function registerVerifications(ports: Ports, routes: Routes): void {
  routes.serve(verifyNamespace, async ({ context, by, place: namespaceRef }, { condition, request }, isFresh) => {
    return await answerOnce(ports.idempotencyKeys, { request, by, body: null, context }, async () => {
      const record = await findCurrent(ports.registry, namespaceRef, mustSee(by, namespaceRef));
      // In the middle of an operation, nothing would match.
      expectFree(record);
      condition.match(currentNamespace(record));
      return json(200, await verify(ports, record, { context, isFresh }));
    });
  });
}

async function verify(
  ports: Ports,
  record: Stored<FreeRecord>,
  {
    context,
    isFresh,
  }: {
    readonly context: Pick<InvocationContext, "log" | "warn" | "invocationId">;
    readonly isFresh: boolean;
  },
): Promise<VerificationDocument> {
  const { cluster, namespace } = record;
  const { findings, things } = await proveNamespace(ports, { ...inspectionOf(record), isFresh }, context.invocationId);
  const verifiedTime = new Date().toISOString();
  try {
    if (record.state === "Onboarded") await recordFindings(ports, record, { findings, things });
  } catch (error) {
    // The findings are valid all the same; the next look records them.
    if (!(error instanceof TransientError)) throw error;
    context.warn(logLine("findings not recorded", { namespace: namespaceKey(record), reason: error.message }));
  }
  const severity = worstOf(findings);
  context.log(logLine("namespace verified", { cluster, namespace, findings: findings.length, severity }));
  return { cluster, namespace, verifiedTime, severity, findings: findings.map(toDocument) };
}
