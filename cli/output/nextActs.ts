/** The command that leads on from an error code. The service's own fixes name its HTTP routes. */
import type { ErrorCode } from "../../src/domain/errors.ts";
import type { Refused } from "../failures.ts";

const acts = {
  UNKNOWN_CLUSTER: "mooring catalog",
  UNKNOWN_SQL_SERVER: "mooring catalog",
  UNKNOWN_DATABASE: "mooring catalog",
  ROLE_NOT_ALLOWED: "mooring catalog",
  MODE_NOT_ALLOWED: "mooring catalog",
  NOT_ALLOWED: "mooring catalog",
  NOT_ONBOARDED: "mooring list",
  NOT_FOUND: "mooring list operations",
  UNAUTHENTICATED: "Set MOORING_KEY, MOORING_TOKEN or MOORING_AUDIENCE.",
  MODE_CHANGE_REFUSED: "mooring migrate <cluster/namespace>",
  MIGRATION_PENDING: "mooring migrate <cluster/namespace>",
  NAMESPACE_MISSING: "mooring repair <cluster/namespace>",
  COMPENSATION_FAILED: "mooring compensate <operation>",
  NAMESPACE_TAKEN: "An operator adds --take-over.",
  NAMESPACE_RECREATED: "An operator adds --take-over.",
  TEAM_REQUIRED: "Add --team <name>.",
  APPROVAL_MISMATCH: "mooring status <operation>",
  APPROVAL_NOT_PENDING: "mooring status <operation>",
  IDENTITY_FEDERATED_BY_OTHERS: "To go on deliberately: --ignore-dependants.",
  IDENTITY_HAS_ROLES: "To go on deliberately: --ignore-dependants.",
  IDENTITY_USED_BY_OTHERS: "To go on deliberately: --ignore-dependants.",
  IDENTITY_BOUND_BY_OTHERS: "To go on deliberately: --ignore-dependants.",
  NAMESPACE_IN_USE: "To go on deliberately: --ignore-dependants.",
} satisfies Partial<Record<ErrorCode, string>>;
const actsByCode: ReadonlyMap<string, string> = new Map(Object.entries(acts));

export function actFor(code: string): string | undefined {
  return actsByCode.get(code);
}

export function nextActs({ problem, operation }: Refused): readonly string[] {
  const act = actFor(problem.code);
  return [
    ...(operation === undefined ? [] : [`mooring status ${operation} --wait`]),
    ...(act === undefined ? [] : [act]),
  ];
}
