/** What a caller sees of an onboarded namespace, and the tag of that version. */
import { defined, unlessEmpty } from "../../domain/defined.ts";
import type { NamespaceDocument } from "../../domain/documents/namespace.ts";
import { toDocument } from "../../domain/finding.ts";
import { type Current, changeTag, entityTag } from "../../domain/http/entityTag.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { endingAt, nextEnd, noteOf } from "../../domain/operation/expiry.ts";
import { isFree, requestForTeam } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import { requestBefore, requestInForce, type Standing } from "../../domain/operation/standing.ts";
import { endedAt, firstEnd, leftAt } from "../../domain/request/expiry.ts";
import { targetsOf } from "../../domain/targets/index.ts";

type Waiting = Pick<WaitingRequest, keyof NamespaceRef | "operation" | "since">;

/** What is known about a namespace beside its record. */
interface Beside {
  readonly standing: readonly Standing[];
  readonly waiting?: readonly Waiting[];
}

/** What is in force, waiting requests, and what was done about an end, change the answer, but not the state of the namespace. */
export function tagOf(record: NamespaceRecord, beside?: Beside): string {
  const { findings, verifiedTime: _when, waiting: queued, expiry, ...is } = describe(record, beside?.waiting);
  const changing = isFree(record) ? undefined : beside?.standing;
  const found = expiry || queued || changing ? { findings, ...defined({ queued, expiry, changing }) } : findings;
  return entityTag({ is, found });
}

/** For a change that is valid only for the namespace as its sender saw it. */
export function currentNamespace(record: NamespaceRecord): Current {
  const { state, operation } = record;
  return { tag: tagOf(record), state: `Namespace ${namespaceKey(record)} is ${state}, by operation ${operation}.` };
}

export function publicNamespace(record: NamespaceRecord, { standing, waiting }: Beside): NamespaceDocument {
  const { databases: _all, targets: _others, ...document } = describe(record, waiting);
  const access = standing.map(({ by: _giver, access: words, until, ...each }) => ({
    ...each,
    ...{ access: [...words], ...defined({ until }) },
  }));
  return { ...document, ...targetsOf(requestInForce(record, standing)), access, etag: changeTagOf(record) };
}

/** The part of the tag that a change may name. */
export function changeTagOf(record: NamespaceRecord): string {
  const { findings: _found, verifiedTime: _when, waiting: _queued, expiry: _end, ...is } = describe(record);
  return changeTag(is);
}

function describe(
  record: NamespaceRecord,
  waiting: readonly Waiting[] = [],
): Omit<NamespaceDocument, "etag" | "access"> {
  const { cluster, namespace, state, operation, team } = record;
  const request = requestForTeam(record);
  const { onboardedTime, verifiedTime, clientId, findings = [], migration } = record;
  // A request that has just begun keeps its row for a moment.
  const queued = waiting.filter((each) => namespaceKey(each) === namespaceKey(record) && each.operation !== operation);
  return {
    cluster,
    namespace,
    state,
    operation,
    requestedBy: record.askedBy ?? record.requestedBy,
    team,
    onboardedTime,
    verifiedTime,
    clientId,
    ...defined({ expiry: describeExpiry(record) }),
    findings: findings.map(toDocument),
    migration: migration && {
      to: migration.to,
      from: migration.from,
      completed: migration.completed,
      selector: migration.selector,
    },
    ...defined({ waiting: unlessEmpty(queued.map(({ operation: id, since }) => ({ operation: id, since }))) }),
    request,
    identityMode: request.identityMode,
    ...targetsOf(request),
  };
}

function describeExpiry(record: NamespaceRecord): NamespaceDocument["expiry"] {
  const request = isFree(record) ? record.request : requestBefore(record);
  const time = isFree(record) ? nextEnd(record) : request && firstEnd(request);
  if (!request || time === undefined) return undefined;
  const isWhole = isFree(record) ? endingAt(record, time)?.by === "offboard" : !leftAt(request, time);
  const targets = isWhole ? [] : endedAt(request, time);
  const { warnedTime, tried } = noteOf(record, time);
  return { time, ...defined({ targets: unlessEmpty([...targets]), warnedTime, tried }) };
}
