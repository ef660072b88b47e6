/** What a caller sees of an onboarded namespace, and the tag of what it saw. */
import type { NamespaceDocument } from "../../domain/documents/namespace.ts";
import { toDocument } from "../../domain/finding.ts";
import { entityTag } from "../../domain/http/entityTag.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { targetsOf } from "../../domain/targets/index.ts";

export function tagOf(record: NamespaceRecord): string {
  const { findings, verifiedTime: _when, ...is } = publicNamespace(record);
  return entityTag({ is, found: findings });
}

export function publicNamespace(record: NamespaceRecord): NamespaceDocument {
  const { cluster, namespace, state, operation, request, requestedBy, team } = record;
  const { onboardedTime, verifiedTime, clientId, findings = [], migration } = record;
  return {
    cluster,
    namespace,
    state,
    operation,
    requestedBy,
    team,
    onboardedTime,
    verifiedTime,
    clientId,
    findings: findings.map(toDocument),
    migration: migration && { completed: migration.completed, selector: migration.selector },
    identityMode: request.identityMode,
    ...targetsOf(request),
  };
}
