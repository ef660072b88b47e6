/** Whether the world matches an operation's outcome, and its record matches the world. */

import { everyStep } from "../../../src/application/process/index.ts";
import { breaksAccess, isError } from "../../../src/domain/finding.ts";
import type { ClientId } from "../../../src/domain/naming/identityPair.ts";
import {
  bindingName,
  federatedCredentialName,
  type IdentityUser,
  identityBindingName,
  identityName,
  namespaceKey,
  useBindingName,
} from "../../../src/domain/naming/names.ts";
import { readTags } from "../../../src/domain/naming/ownership.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { endsFirst } from "../../../src/domain/operation/expiry.ts";
import {
  isPast,
  type Migration,
  migrated,
  modeLeft,
  targetOf,
  towards,
} from "../../../src/domain/operation/migration.ts";
import type { CompensatedMigration, NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationKind } from "../../../src/domain/operation/operation.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { stepInWords } from "../../../src/domain/operation/stepName.ts";
import { replacedAccount } from "../../../src/domain/request/change.ts";
import type { ByMode } from "../../../src/domain/request/modes.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import { targetKinds } from "../../../src/domain/targets/index.ts";
import { readPlace } from "../../../src/domain/targets/namedTarget.ts";
import { replacedIn } from "../../../src/domain/targets/wanted.ts";
import { refKey } from "../../support/models/kubernetes.ts";
import {
  checkForeignThere,
  checkGone,
  checkMoved,
  checkNames,
  checkParts,
  checkReach,
  checkSurplus,
  checkUndone,
  type Problem,
} from "./invariants.ts";
import { checkTokens } from "./networkWorld.ts";
import type { Snapshot } from "./snapshot.ts";
import { isInhabited } from "./visitors.ts";
import type { World } from "./world.ts";
import { clusterId } from "./worldCatalog.ts";

export interface Scene {
  readonly world: World;
  readonly operation: OperationRecord;
  /** Before any request, plus what others have made since. */
  readonly first: Snapshot;
  /** Before the operation; for a compensation, before the operation whose undos it runs. */
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly recordBefore: NamespaceRecord | undefined;
  readonly record: NamespaceRecord | undefined;
  /** What an onboarded namespace lacked before, because somebody had changed it. */
  readonly lacking: readonly Problem[];
  /** The modes in which pods got their identity before. */
  readonly podsIn: ReadonlySet<IdentityMode>;
}

const judges: Readonly<Record<OperationKind, (scene: Scene) => Problem[]>> = {
  onboard: judgeOnboarding,
  change: judgeOnboarding,
  compensate(scene) {
    const { world, operation, before, after, recordBefore } = scene;
    if (operation.compensates?.migrating) return judgeWayBack(scene, operation.compensates.migrating);
    const named = operation.status === "Succeeded" ? [] : namedUndos(operation);
    return checkUndone(before, after, named, {
      recordedMarks: recordedMarksOf(recordBefore),
      keepsNamespace: keepsNamespace(world, operation),
    });
  },
  offboard({ world, operation, first, after, recordBefore }) {
    if (operation.status !== "Succeeded") return checkForeignThere(first, after);
    const isKnown = (key: string) => isLost(world, key, recordBefore?.clientId) || isNamed(world, operation, key);
    const rest = new Map([...after].filter(([key]) => !isKnown(key)));
    return checkGone(first, rest, { keepsNamespace: keepsNamespace(world, operation) });
  },
  repair({ world, operation, first, after, record }) {
    const { request } = operation;
    const isDone = operation.status === "Succeeded";
    const parts = isDone
      ? [
          ...checkParts(world, request).filter((each) => !isMoved(record, each)),
          ...checkMoved(world, request),
          ...checkNames(world, request),
          ...checkReach(world, request, record?.findings),
        ]
      : [];
    // In the middle of a migration nothing is left over.
    const surplus =
      isDone && !record?.migration ? [...checkSurplus(world, request), ...checkTokens(world, request)] : [];
    return [...parts, ...surplus, ...checkIdentityKnown(world, operation, record), ...checkForeignThere(first, after)];
  },
  migrate: judgeMigration,
};

/** A role whose comment somebody wrote over before the record knew it: the offboarding says that it stays. */
function isNamed({ postgres, rows }: World, operation: OperationRecord, key: string): boolean {
  const [kind, name = ""] = key.split(" ");
  const isUnmarked = kind === "postgres" && postgres.roles.get(name)?.lostComment !== undefined;
  return isUnmarked && says({ rows }, operation, ["TARGET_ACCESS_OF_OTHERS", ` role ${name} `]);
}

function says(
  { rows }: Pick<World, "rows">,
  { id }: OperationRecord,
  [said, text]: readonly [string, string],
): boolean {
  const steps = [...(rows.get("MooringSteps") ?? [])].filter(([row]) => row.startsWith(`${id}\n`));
  return steps.some(([, { record }]) =>
    (record as StepRecord).notices?.some(({ code, message }) => code === said && message.includes(text)),
  );
}

/** What is gone where the catalog no longer has a target is a finding until somebody asks for it again. */
function isMoved(record: NamespaceRecord | undefined, problem: string): boolean {
  return (record?.findings ?? []).some(({ code, target }) => code === "TARGET_MOVED" && problem.endsWith(` ${target}`));
}

/** A user or role with another name, for an identity before the last: nothing leads to it, and nobody logs in with it. */
function isLost({ azure, users, postgres }: World, key: string, clientId: ClientId | undefined): boolean {
  const [kind, place = "", name = ""] = key.split(" ");
  const user = kind === "user" && name === "renamed" ? users.get(place)?.get(name) : undefined;
  const role = kind === "postgres" && place === "renamed" ? postgres.roles.get(place) : undefined;
  const isOfNobody = [...azure.identities.values()].every(({ principalId }) => principalId !== role?.principalId);
  const isOfEarlier = clientId !== undefined && user?.sid !== sidFromClientId(clientId);
  return (role !== undefined && isOfNobody) || (user !== undefined && isOfEarlier);
}

/** An identity that the repair made is the namespace's, however the repair ended. */
function checkIdentityKnown(
  { azure }: Pick<World, "azure">,
  { id, request }: OperationRecord,
  record: NamespaceRecord | undefined,
): Problem[] {
  const identity = azure.identities.get(identityName(request));
  if (!identity || readTags(identity.tags)?.operation !== id || record?.clientId === identity.clientId) return [];
  return [`the repair made identity ${identity.clientId}, and the record has ${record?.clientId}`];
}

/**
 * A namespace is kept while others have something in it. One that was kept once has no owner from then on, and no offboarding
 * removes it.
 */
export function keepsNamespace(
  { rows, objects }: Pick<World, "rows" | "objects">,
  operation: Pick<OperationRecord, "cluster" | "namespace">,
): boolean {
  return isInhabited(objects, operation) || wasKept({ rows }, operation);
}

function wasKept({ rows }: Pick<World, "rows">, operation: Pick<OperationRecord, "cluster" | "namespace">): boolean {
  const steps = [...(rows.get("MooringSteps")?.values() ?? [])].map(({ record }) => record as StepRecord);
  // Also by an offboarding that has ended otherwise since.
  const isTold = ({ target, action, notices = [] }: StepRecord) =>
    target === namespaceKey(operation) && (action === "keep" || notices.some(({ code }) => code === "NAMESPACE_KEPT"));
  if (steps.some(isTold)) return true;
  const all = [...(rows.get("MooringOperations")?.values() ?? [])].map(({ record }) => record as OperationRecord);
  return all.some(
    ({ kind, status, cluster, namespace, request }) =>
      kind === "offboard" &&
      status === "Succeeded" &&
      cluster === operation.cluster &&
      namespace === operation.namespace &&
      request.deletePolicy === "Keep",
  );
}

export function judge(scene: Scene): Problem[] {
  const seen = { ...scene, world: asRecorded(scene.world, scene.record) };
  return [...judges[seen.operation.kind](seen), ...judgeRecord(seen), ...judgePromise(seen)];
}

/** With each target where the record has it: where the catalog has moved it to, nothing is given before somebody asks for it. */
function asRecorded(world: World, record: NamespaceRecord | undefined): World {
  const targets = Object.entries(world.catalog.targets).map(([alias, entry]) => {
    const [newest] = record?.places?.[alias] ?? [];
    const place = newest && readPlace(newest);
    return [alias, place ? { ...entry, resourceId: place.resourceId } : entry];
  });
  return { ...world, catalog: { ...world.catalog, targets: Object.fromEntries(targets) } };
}

/** Access has ended: it goes first and never comes back, nothing else is given, and what is wrong with the rest is drift. */
function judgeEnding({ world, operation, first, before, after, record }: Scene): Problem[] {
  const { status, error, request, committedTime } = operation;
  if (status === "Succeeded") {
    const lacking = (record?.findings ?? []).some(breaksAccess) ? [] : checkParts(world, request);
    return [
      ...checkReach(world, request, record?.findings).filter(
        (each) => !isOfOthers(after, each) && !isSurplus(record, each),
      ),
      ...checkTokens(world, request),
      ...lacking.map((each) => `no finding says it: ${each}`),
      ...checkForeignThere(first, after),
    ];
  }
  const was = committedTime === undefined ? before : withoutReplaced(before, after, operation);
  const isLeft = error?.code === "CHANGE_INCOMPLETE" || error?.code === "ORCHESTRATION_FAILED";
  return checkUndone(was, after, isLeft ? ["removeIdentity", "removeNamespace"] : []);
}

/** Whether the problem is a role that the next repair takes away, as a finding says. */
function isSurplus(record: NamespaceRecord | undefined, problem: string): boolean {
  const [, scope] = /request does not ask for: (\S+)\/providers\/Microsoft\.Authorization\//.exec(problem) ?? [];
  return (record?.findings ?? []).some(
    ({ code, found }) => code === "GRANT_SURPLUS" && scope !== undefined && found?.endsWith(` at ${scope}`),
  );
}

/** Whether the problem is a user that somebody else made, which stays. */
function isOfOthers(after: Snapshot, problem: string): boolean {
  const [, database = "", name = ""] = /^it reaches (\S+) as (\S+),/.exec(problem) ?? [];
  const user = after.get(`user ${database} ${name}`);
  return user !== undefined && user.madeBy === undefined;
}

function judgeOnboarding(scene: Scene): Problem[] {
  if (endsFirst(scene.operation)) return judgeEnding(scene);
  const { world, operation, first, before, after, record, recordBefore } = scene;
  const { status, error, request, committedTime, leftUndone } = operation;
  // Of a change whose new state is in place, and only the old one could not be taken away, the parts are there too; also when
  // the engine failed it so often after that that it was given up.
  const isGivenUp = error?.code === "ORCHESTRATION_FAILED" && committedTime !== undefined && leftUndone === undefined;
  if (status === "Succeeded" || error?.code === "CHANGE_INCOMPLETE" || isGivenUp) {
    const isDone = status === "Succeeded";
    // Where the catalog has dropped the database, only the step that left it knows of a user that somebody else made.
    const isTold = (each: string) => {
      const [, database = "", name = ""] = /^it reaches (\S+) as (\S+),/.exec(each) ?? [];
      return says(world, operation, ["SQL_USER_OF_OTHERS", `In ${database} the identity is also user ${name} `]);
    };
    const reached = checkReach(world, request, record?.findings).filter(
      (each) => !isSurplus(record, each) && !isTold(each),
    );
    const reach = isDone ? [...reached, ...checkTokens(world, request)] : [];
    return [...checkParts(world, request), ...reach, ...checkForeignThere(first, after)];
  }
  const was = record?.takenBy === undefined ? before : withoutReplaced(before, after, operation);
  return checkUndone(was, after, namedUndos(operation), {
    recordedMarks: recordedMarksOf(recordBefore),
    keepsNamespace: keepsNamespace(world, operation),
  });
}

/** A take-over takes away first and gives nothing back: what only the earlier request has may be gone. */
function withoutReplaced(before: Snapshot, after: Snapshot, { request, earlier }: OperationRecord): Snapshot {
  if (!earlier) return before;
  const { removed: whole, narrowed } = replacedIn(request, earlier);
  const removed = [...whole, ...narrowed].map(({ kind, key }) => `${targetKinds[kind].steps.revoke} ${key}`);
  const account = replacedAccount(request, earlier);
  const undos = [
    ...removed,
    ...(account === undefined ? [] : ["removeServiceAccount", "unfederateIdentity", "withdrawIdentityUse"]),
  ];
  return new Map([...before].filter(([key, { undo }]) => after.has(key) || !undos.includes(undo)));
}

/** The marks that an operation may write again where they were removed. */
export function recordedMarksOf(
  record: { readonly things?: NamespaceRecord["things"] | undefined } | undefined,
): readonly string[] {
  return (record?.things ?? []).flatMap(({ mark }) => mark ?? []);
}

function judgeMigration(scene: Scene): Problem[] {
  const { world, operation, first, before, after, record, recordBefore, lacking, podsIn } = scene;
  const { status, migration, request } = operation;
  if (!migration || !record) return ["the operation has no migration, or the namespace no record"];
  const [mode, left] = [targetOf(migration), modeLeft(migration)];
  // An abandoned operation may also leave undos.
  const isUndone = operation.error?.code !== "COMPENSATION_FAILED" && operation.leftUndone === undefined;
  const isOver = record.migration === undefined && record.request.identityMode === mode;
  const completed = isOver ? "retire" : record.migration?.completed;
  const problems = checkForeignThere(first, after);
  if (status === "Canceled") {
    problems.push(...checkUndone(before, after, []));
    const was = completedBefore(recordBefore, mode);
    if (record.migration?.completed !== was)
      problems.push(`canceled, and the record says ${completed} instead of ${was}`);
    if (record.requestHash !== recordBefore?.requestHash) problems.push("canceled, and the request is another");
  } else if (isUndone && !isPast(completed, "sideBySide")) {
    problems.push(...checkUndone(before, after, []));
  } else if (!isUndone) {
    problems.push(...checkUndone(before, after, [...namedUndos(operation), ...kept(migration, completed)]));
  }
  if (lacking.length === 0 && isUndone) {
    if (isPast(completed, "sideBySide")) problems.push(...checkParts(world, migrated(request, migration)));
    if (completed !== "retire" && request.identityMode === left) problems.push(...checkParts(world, request));
  }
  const lifelines = lifelinesOf[left](request, migration.serviceAccount);
  if (podsIn.has(left) && lifelines.some((key) => before.has(key) && !after.has(key)))
    problems.push("a pod has lost its identity");
  if (status === "Succeeded" && migration.until === "retire") {
    if (record.migration) problems.push(`retired, and the record has a migration after ${record.migration.completed}`);
    if (record.request.identityMode !== mode) problems.push("retired, and the request has the old mode");
    const stayed = lifelines.filter((key) => after.get(key)?.madeBy !== undefined);
    problems.push(...stayed.map((key) => `retired, and it is still there: ${key}`));
    problems.push(...checkTokens(world, record.request));
  }
  // An inventory alone leaves nothing to record.
  const isMissing = status === "Succeeded" && migration.until !== "inventory" && !isPast(completed, migration.until);
  if (isMissing) problems.push(`Succeeded until ${migration.until}, and the record says ${completed}`);
  return problems;
}

/** The migration's own undos, run again: only its completed phases may be left. */
function judgeWayBack(scene: Scene, { migration, request: began }: CompensatedMigration): Problem[] {
  const { world, operation, first, before, after, record, recordBefore, lacking } = scene;
  if (!record) return ["the namespace has no record"];
  const problems = checkForeignThere(first, after);
  if (operation.status !== "Succeeded") {
    problems.push(...checkUndone(before, after, [...namedUndos(operation), ...kept(migration, migration.completed)]));
    return problems;
  }
  const { completed } = migration;
  const isAsBefore =
    completed === completedBefore(recordBefore, targetOf(migration)) || !isPast(completed, "sideBySide");
  const isCutOver = isPast(completed, "cutOver");
  const request = isCutOver ? migrated(began, migration) : began;
  if (isAsBefore) problems.push(...checkUndone(before, after, []));
  else problems.push(...checkUndone(before, after, kept(migration, completed)));
  if (record.requestHash !== hashRequest(request)) problems.push(`undone, and the request is not that of ${completed}`);
  const expected = isPast(completed, "sideBySide") ? completed : undefined;
  if (record.migration?.completed !== expected) {
    problems.push(`undone, and the record says ${record.migration?.completed} instead of ${expected}`);
  }
  if (record.compensates) problems.push("undone, and the record is still about to be");
  if (lacking.length === 0 && isPast(completed, "sideBySide")) {
    problems.push(...checkParts(world, migrated(request, migration)));
  }
  return problems;
}

/** How far a stopped migration had come, as seen by one to that mode: a cancel does not give the direction back. */
function completedBefore({ migration }: Pick<NamespaceRecord, "migration"> = {}, mode: IdentityMode) {
  return migration && towards(migration, mode).completed;
}

/** What each mode has of its own, by its undo. */
const undosOfMode: ByMode<readonly string[]> = {
  podIdentity: ["removePodIdentity"],
  workloadIdentity: ["removeServiceAccount", "unfederateIdentity"],
  identityBinding: ["removeServiceAccount", "withdrawIdentityUse", "unbindIdentity"],
};

/** Undos of completed phases, whose results are no leak. */
function kept(way: Pick<Migration, "to" | "from">, completed: Migration["completed"]): readonly string[] {
  const shared = undosOfMode[modeLeft(way)];
  return isPast(completed, "sideBySide") ? undosOfMode[targetOf(way)].filter((undo) => !shared.includes(undo)) : [];
}

/** Without these, a pod of the mode has no identity. */
export const lifelinesOf: ByMode<(user: IdentityUser, account: string) => readonly string[]> = {
  podIdentity(namespaceRef) {
    const apiVersion = "aadpodidentity.k8s.io/v1";
    const { namespace } = namespaceRef;
    const ref = { apiVersion, kind: "AzureIdentityBinding", name: bindingName(namespaceRef), namespace };
    return [`object ${refKey(ref)}`];
  },
  workloadIdentity: (namespaceRef, account) => [
    `credential ${identityName(namespaceRef)}/${federatedCredentialName(namespaceRef, account)}`,
  ],
  identityBinding(namespaceRef, account) {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const ref = { apiVersion, kind: "ClusterRoleBinding", name: useBindingName(namespaceRef, account) };
    return [`binding ${clusterId}/${identityBindingName(namespaceRef)}`, `object ${refKey(ref)}`];
  },
};

/** The record shows the outcome. */
function judgeRecord({ operation, record, recordBefore, before, after }: Scene): Problem[] {
  const { kind, status, error, result, id } = operation;
  const problems: Problem[] = [];
  const isLeft = operation.leftUndone !== undefined || error?.code === "CHANGE_INCOMPLETE";
  // A take-over that had begun to take away.
  const isTaken = record?.takenBy !== undefined;
  const expected = () => {
    if (kind === "offboard") return status === "Succeeded" ? undefined : "Incomplete";
    if (kind === "repair" || kind === "migrate") return "Onboarded";
    if (operation.compensates?.migrating) return "Onboarded";
    if (kind === "compensate") return status === "Succeeded" && !isTaken ? recordBefore?.state : "Incomplete";
    if (status === "Succeeded") return "Onboarded";
    return isLeft || isTaken ? "Incomplete" : recordBefore?.state;
  };
  // An unrecorded end is assumed to be the worst.
  const isUnknown = error?.code === "ORCHESTRATION_FAILED" && record?.state === "Incomplete";
  // An offboarding that was stopped before its first removal changes neither the record nor anything else.
  const isAsBefore = kind === "offboard" && JSON.stringify([...before]) === JSON.stringify([...after]);
  const isRestored = isAsBefore && status !== "Succeeded" && record?.state === recordBefore?.state;
  if (record?.state !== expected() && !isUnknown && !isRestored) {
    problems.push(`the namespace's record is ${record?.state}, not ${expected()}`);
  }
  const isHandedOver = kind === "onboard" || kind === "change" || (isTaken && record.team === record.takenBy);
  if (record && recordBefore && !isHandedOver && record.team !== recordBefore.team) {
    problems.push(`the namespace was ${recordBefore.team}'s and is ${record.team}'s`);
  }
  if (record?.state === "Onboarded" && status === "Succeeded" && kind !== "compensate") {
    if (record.operation !== id) problems.push(`the record names operation ${record.operation}`);
    if (record.clientId === undefined || result?.["clientId"] !== record.clientId) {
      problems.push(`the result has client id ${String(result?.["clientId"])}, the record ${record.clientId}`);
    }
    // A migration that stops before its end verifies, but keeps the findings of an earlier verification.
    const isProven = kind !== "migrate" || operation.migration?.until === "retire";
    // What gives too much and came late stops only a repair, which takes it away.
    const isWrong = kind === "repair" ? isError : breaksAccess;
    const found = (record.findings ?? []).filter(({ code }) => code !== "TARGET_MOVED");
    if (isProven && !endsFirst(operation) && found.some(isWrong))
      problems.push("Succeeded, and the record has errors among its findings");
  }
  return problems;
}

/** A namespace that was onboarded and complete before an operation is so afterwards, unless the record says otherwise. */
function judgePromise({ world, operation, record, recordBefore, lacking }: Scene): Problem[] {
  if (recordBefore?.state !== "Onboarded" || record?.state !== "Onboarded" || lacking.length > 0) return [];
  if (operation.error?.code === "COMPENSATION_FAILED") return [];
  return checkParts(world, record.request).map((each) => `it was onboarded and whole before: ${each}`);
}

/**
 * The undos that "What could not be undone: words (why); words (why)." may mean; for an abandoned operation, those in the record, which a
 * compensation clears.
 */
export function namedUndos({
  error,
  leftUndone = [],
}: Pick<OperationRecord, "error" | "leftUndone">): readonly string[] {
  if (error?.code === "ORCHESTRATION_FAILED") return leftUndone;
  if (error?.code !== "COMPENSATION_FAILED") return [];
  const list = /What could not be undone: (.*)$/s.exec(error.message)?.[1] ?? "";
  const texts = [...list.matchAll(/(?:^|; )([a-zA-Z]+(?: [a-zA-Z]+)*(?: [a-z-]+(?:\/[a-z]+)?)?) \(/g)];
  return texts.flatMap(([, text = ""]) =>
    everyStep.flatMap(({ name }) => {
      const words = stepInWords(name);
      if (text === words || text === name) return [name];
      if (text.startsWith(`${name} `)) return [text];
      return text.startsWith(`${words} `) ? [`${name}${text.slice(words.length)}`] : [];
    }),
  );
}
