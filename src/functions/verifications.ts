import { app } from "@azure/functions";
import { findSettled } from "../activities/claim.ts";
import { inspectionOf, recordFindings } from "../activities/driftRecord.ts";
import { proveNamespace } from "../activities/verification.ts";
import { TransientError } from "../domain/errors.ts";
import { toDocument, worstOf } from "../domain/finding.ts";
import { logLine } from "../domain/logLine.ts";
import { berthKey } from "../domain/names.ts";
import { holderOf } from "../domain/namespaceState.ts";
import type { NamespaceRecord, Stored } from "../domain/records.ts";
import { Refusal } from "../domain/refusal.ts";
import type { Ports } from "../ports.ts";
import { authenticate } from "./authentication.ts";
import { mustSee, readBerth } from "./readBerth.ts";
import { refuseDryRun } from "./readBody.ts";
import { json, route } from "./respond.ts";

/** Why it cannot be planned; the OpenAPI document says the same. */
export const noDryRun = "a verification reads, and changes nothing that was onboarded.";

export function registerVerifications(ports: Ports): void {
  app.http("verifyNamespace", {
    route: "api/namespaces/{cluster}/{namespace}/verify",
    methods: ["POST"],
    authLevel: "anonymous",
    handler: route(async (request, context) => {
      const by = await authenticate(request, ["Onboarding.Request"]);
      refuseDryRun(request, noDryRun);
      const berth = readBerth(request.params);
      const record = mustSee(by, berth, await findSettled(ports.registry, berth));
      refuseWhileHeld(record);
      const { cluster, namespace } = record;
      const inspection = inspectionOf(record);
      const findings = await proveNamespace(ports, inspection, context.invocationId);
      const verifiedTime = new Date().toISOString();
      try {
        if (record.state === "Onboarded") await recordFindings(ports, record, findings);
      } catch (error) {
        // What was found is true all the same; the next look records it.
        if (!(error instanceof TransientError)) throw error;
        context.warn(logLine("findings not recorded", { namespace: berthKey(record), reason: error.message }));
      }
      const severity = worstOf(findings);
      context.log(logLine("namespace verified", { cluster, namespace, findings: findings.length, severity }));
      return json(200, { cluster, namespace, verifiedTime, severity, findings: findings.map(toDocument) });
    }),
  });
}

/** In the middle of an operation everything differs from everything. */
function refuseWhileHeld(record: Stored<NamespaceRecord>): void {
  const { state, operation } = record;
  if (holderOf(state) === undefined) return;
  throw new Refusal("OPERATION_IN_PROGRESS", `Operation ${operation} runs for ${berthKey(record)}.`, { operation });
}
