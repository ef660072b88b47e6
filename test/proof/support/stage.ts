/** Plays acts in a world, one after another, and judges each by the world before and after it. */

import type { NamespaceRef } from "../../../src/domain/naming/names.ts";
import { isPast, migrated } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import { refKey } from "../../support/models/kubernetes.ts";
import { type Act, longAgo } from "./acts.ts";
import { modesOfPods } from "./drift.ts";
import { checkActions, checkAudit, checkForeignThere, checkParts, checkRecords, type Problem } from "./invariants.ts";
import { judge, keepsNamespace, type Scene } from "./judge.ts";
import { type Control, calmly, operate } from "./operate.ts";
import { type Snapshot, takeSnapshot, takeWhole, withoutWaiting } from "./snapshot.ts";
import { checkVisitors, isInhabited } from "./visitors.ts";
import type { World } from "./world.ts";

export interface Stage {
  readonly world: World;
  readonly control: Control;
  readonly problems: Problem[];
  readonly seen: string[];
  /** What existed before any request, plus what others have made since. */
  readonly first: Snapshot;
  /** Somebody replaced something of Mooring's: it is theirs from now on, and in the way. */
  somebodyMade(namespaceRef: NamespaceRef): void;
  /** Others have something in a namespace that Mooring made and gave up: it is theirs from now on. */
  somebodyKeeps(namespaceRef: NamespaceRef): void;
  /** Somebody removed or made these: a later compensation of an earlier operation counts them neither as left nor as missing. */
  somebodyChanged(keys: readonly string[]): void;
  /** Records an operation that was begun elsewhere, and found the world in its initial state. */
  remember(operation: string): void;
  /** Returns undefined when the act was refused or began nothing. */
  play(act: Act): Promise<OperationRecord | undefined>;
}

/** Codes of failures that are acceptable even without a fault or a foreign object in the way. */
const expected: ReadonlySet<string> = new Set([
  "NAMESPACE_TERMINATING",
  "REJECTED",
  "APPROVAL_TIMED_OUT",
  "PODS_STILL_USE_POD_IDENTITY",
  "PODS_STILL_USE_WORKLOAD_IDENTITY",
  "PODS_STILL_USE_IDENTITY_BINDING",
  "ORCHESTRATION_FAILED",
  "IDENTITY_UNRECORDED",
  // Somebody has other values in Azure than the profile, and adoptionPolicy is not Always.
  "MANAGED_NAMESPACE_CONFLICT",
]);

export function createStage(world: World, { control, isHarmless }: { control: Control; isHarmless: boolean }): Stage {
  const { dice, faults, registry } = world;
  const problems: Problem[] = [];
  const seen: string[] = [];
  const first = new Map(takeSnapshot(world, world.request));
  const tell = (line: string) => faults.trace?.push(line);
  /** For each operation, what it found, and what somebody has removed since. */
  const found = new Map<
    string,
    Pick<Scene, "before" | "recordBefore" | "lacking"> & { readonly removed: Set<string> }
  >();
  let isDisturbed = false;

  async function play(act: Act): Promise<OperationRecord | undefined> {
    const { name, kind, namespaceRef } = act;
    tell(`— ${name} by ${act.by.id}`);
    world.visitors.counted.clear();
    const wholeBefore = takeWhole(world, namespaceRef);
    const before = withoutWaiting(wholeBefore);
    const recordBefore = await calmly(world, () => registry.getNamespace(namespaceRef));
    const lacking = recordBefore?.state === "Onboarded" ? findLacking(world, recordBefore) : [];
    const podsIn = modesOfPods(world);
    const key = dice.chance(0.3) ? `key-${dice.next()}` : undefined;
    const times = name === "look" ? 1 : dice.pick([1, 1, 1, 2, 3]);
    const { cancels = world.cancels } = act;
    const ended = await operate(
      { ...world, cancels },
      { ...act, key: name === "look" ? undefined : key, times },
      control,
    );
    if (typeof ended === "string") {
      seen.push(`${name} refused ${ended}`);
      tell(`— ${name} refused ${ended}`);
      return undefined;
    }
    problems.push(...ended.problems.map((each) => `${name}: ${each}`));
    const wholeAfter = takeWhole(world, namespaceRef);
    const after = withoutWaiting(wholeAfter);
    return await calmly(world, async () => {
      const record = await registry.getNamespace(namespaceRef);
      if (ended.operation === undefined || ended.isOld) {
        seen.push(`${name} ${ended.isOld ? "again" : "without end"}`);
        const changed = [...checkForeignThere(before, after), ...checkForeignThere(after, before)];
        problems.push(...changed.map((each) => `${name} began nothing: ${each}`));
        if (name === "look") problems.push(...checkFindings(world, record));
        return undefined;
      }
      const operation = await registry.getOperation(ended.operation);
      if (!operation) {
        problems.push(`${name}: operation ${ended.operation} is not recorded`);
        return undefined;
      }
      const { status, error } = operation;
      tell(`— ${name} ${status} ${error?.code ?? ""} ${error?.message ?? ""}`);
      seen.push(`${name} ${status} ${error?.code ?? ""}`.trim());
      if (operation.restarts !== undefined) seen.push(`${operation.kind} taken up`);
      if (operation.kind !== kind && !(kind === "onboard" && operation.kind === "change")) {
        problems.push(`${name} began ${operation.kind}`);
      }
      const own = { before, recordBefore, lacking, removed: new Set<string>() };
      found.set(operation.id, own);
      const origin = (operation.compensates && found.get(operation.compensates.createdBy)) ?? own;
      // Undos do not complete what was incomplete when the operation began, or when its undos are run again.
      const wasLacking = [...new Set([...origin.lacking, ...lacking])];
      const { removed, ...of } = origin;
      const scene = {
        world,
        operation,
        record,
        podsIn,
        ...without(removed, { first, after, ...of }),
        lacking: wasLacking,
      };
      const verdicts = [
        ...(await checkRecords(world, operation)),
        ...(await checkAudit(world, operation)),
        ...(await checkActions(world, operation, { before: wholeBefore, after: wholeAfter })),
        ...judge(scene),
        ...checkVisitors(world.visitors, world.objects),
        ...(await checkWaited(world, operation)),
      ];
      if (act.takesOver && status === "Succeeded" && record?.team !== "red") {
        verdicts.push(`taken over, and still ${record?.team}'s`);
      }
      problems.push(...verdicts.map((each) => `${name} ${status} ${error?.code ?? ""}: ${each}`));
      // A kept namespace has no owner, and a request with the adoption policy Never stops at it.
      const meetsKept =
        error?.code === "KUBERNETES_CONFLICT" &&
        operation.request.adoptionPolicy === "Never" &&
        keepsNamespace(world, operation);
      // A repair that was canceled after it had made the identity again leaves a record that names the previous one.
      const wasCutOff = seen.findLast((each) => each.startsWith("repair "))?.startsWith("repair Canceled") ?? false;
      const needsRepair = name === "migrate" && (lacking.length > 0 || wasCutOff);
      // What others gave to a user whose identity is made anew, only they can give again.
      const needsOwner = error?.code === "SQL_FORBIDDEN" && error.message.includes("may not change who is in app_role");
      // Outside Azure no cluster has pod identity.
      const modes = world.catalog.clusters[operation.request.cluster]?.identityModes ?? [];
      const isImpossible = !modes.includes(operation.request.identityMode);
      if (isImpossible && kind === "onboard" && status === "Succeeded") problems.push(`${name} has an impossible mode`);
      const isRefused = isImpossible && error?.code === "MODE_NOT_ALLOWED";
      const isAsExpected = meetsKept || isRefused || needsOwner || expected.has(error?.code ?? "") || needsRepair;
      if (isHarmless && !isDisturbed && status === "Failed" && !isAsExpected) {
        problems.push(`${name} Failed ${error?.code} although nothing stood in its way: ${error?.message}`);
      }
      return operation;
    });
  }

  return {
    world,
    control,
    problems,
    seen,
    first,
    play,
    somebodyChanged(keys) {
      for (const { removed } of found.values()) for (const key of keys) removed.add(key);
    },
    remember: (operation) =>
      void found.set(operation, { before: new Map(first), recordBefore: undefined, lacking: [], removed: new Set() }),
    somebodyKeeps(namespaceRef) {
      const key = `object ${refKey({ apiVersion: "v1", kind: "Namespace", name: namespaceRef.namespace })}`;
      const thing = takeSnapshot(world, namespaceRef).get(key);
      if (thing && thing.madeBy === undefined && isInhabited(world.objects, namespaceRef)) first.set(key, thing);
    },
    somebodyMade(namespaceRef) {
      isDisturbed = true;
      for (const [key, thing] of takeSnapshot(world, namespaceRef)) {
        const was = first.get(key);
        if (thing.madeBy === undefined && !thing.isLent && was?.madeBy !== undefined) first.set(key, thing);
        if (thing.madeBy === undefined && !thing.isLent && !was) first.set(key, thing);
      }
    },
  };
}

function without<S extends Pick<Scene, "first" | "before" | "after">>(keys: ReadonlySet<string>, scene: S): S {
  const rest = (snapshot: Snapshot) => new Map([...snapshot].filter(([key]) => !keys.has(key)));
  const { first, before, after } = scene;
  return keys.size === 0 ? scene : { ...scene, first: rest(first), before: rest(before), after: rest(after) };
}

/** In the middle of a migration, both modes must be complete. */
function findLacking(world: World, { request, migration }: NamespaceRecord): Problem[] {
  const isBoth = migration && isPast(migration.completed, "sideBySide");
  return [...checkParts(world, request), ...(isBoth ? checkParts(world, migrated(request, migration)) : [])];
}

/** Where a namespace that is deleted is waited for, one that says Succeeded has seen it go. */
async function checkWaited({ holds, objects, registry }: World, operation: OperationRecord): Promise<Problem[]> {
  if (!holds.isOn || operation.status !== "Succeeded") return [];
  const steps = await registry.listSteps(operation.id);
  const hasDeleted = steps.some(({ name, action }) => name === "removeNamespace" && action === "delete");
  const home = objects.get(refKey({ apiVersion: "v1", kind: "Namespace", name: operation.namespace }));
  return hasDeleted && home?.goodbyes !== undefined ? ["it has succeeded, and its namespace is still going"] : [];
}

/** A verification without findings must have seen a complete namespace. */
function checkFindings(world: World, record: Awaited<ReturnType<World["registry"]["getNamespace"]>>): Problem[] {
  // If the verification did not finish, the record has nothing new.
  if (record?.state !== "Onboarded" || record.lookedTime !== record.verifiedTime || record.lookedTime === longAgo)
    return [];
  const lacking = checkParts(world, record.request);
  const findings = record.findings ?? [];
  if (lacking.length > 0 && findings.length === 0) return [`the look found nothing, and ${lacking.join("; ")}`];
  return [];
}
