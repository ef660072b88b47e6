import { createHash } from "node:crypto";
import { type Finding, fingerprint, toDocument, worstOf } from "../finding.ts";
import type { DriftDetected, DriftResolved } from "./events.ts";

/**
 * Reports what a look found. The ID identifies the change from the previous look (`since`) to this one, so publishing it again
 * after a crash sends the same event.
 */
export function driftEvent(
  subject: string,
  findings: readonly Finding[],
  { since, time }: { since: string; time: string },
): DriftDetected | DriftResolved {
  const severity = worstOf(findings);
  const change = createHash("sha256")
    .update(`${subject}\n${since}\n${fingerprint(findings)}`)
    .digest("hex");
  const envelope = {
    specversion: "1.0",
    id: `drift-${change.slice(0, 32)}`,
    source: "/mooring",
    subject,
    time,
    datacontenttype: "application/json",
  } as const;
  return severity === undefined
    ? { ...envelope, type: "mooring.namespace.drift-resolved.v1", data: {} }
    : {
        ...envelope,
        type: "mooring.namespace.drift-detected.v1",
        data: { severity, findings: findings.map(toDocument) },
      };
}
