/** What the catalog's rules now forbid of what a namespace has. */
import { type Finding, type FindingCode, finding } from "../../domain/finding.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { Ports } from "../../ports/index.ts";
import { findDenied } from "../../resources/definitions/permit.ts";

/** What only giving would put right, which a repair may not do there. */
const missing: ReadonlySet<FindingCode> = new Set([
  "USER_MISSING",
  "USER_SID_STALE",
  "GRANT_MISSING",
  "GRANT_STALE",
  "GRANT_LIMITED",
]);

/** The findings with the rules in mind. */
export async function withForbidden(
  ports: Pick<Ports, "catalog" | "registry">,
  request: OnboardingRequest,
  findings: readonly Finding[],
): Promise<readonly Finding[]> {
  const record = await ports.registry.getNamespace(request);
  if (!record) return findings;
  const denied = await findDenied(ports, record, { request });
  const forbidden = [...denied].flatMap(([target, { code, message }]) =>
    // The look at the target says where it is.
    code === "TARGET_MOVED"
      ? []
      : [finding("TARGET_FORBIDDEN", target, { field: code, expected: "allowed", found: message })],
  );
  const lasting = findings.filter(({ code, target }) => !(missing.has(code) && denied.has(target)));
  return [...lasting, ...forbidden];
}
