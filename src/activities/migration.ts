/** The steps that only a migration has; it shares the others with onboarding and offboarding. */
import { z } from "zod";
import { proveNamespace, throwErrors } from "../application/inspection/proveNamespace.ts";
import { lookAtMigration } from "../application/migration/lookAtMigration.ts";
import { describeBlockingPods, podsOnPreviousMode } from "../application/migration/podsOnPreviousMode.ts";
import { recordStart } from "../application/operation/recordStart.ts";
import { planCutOver, planUndoCutOver } from "../application/plan/planCutOver.ts";
import { throwBlockers } from "../application/plan/throwBlockers.ts";
import { errorOf, PermanentError } from "../domain/errors.ts";
import { Finding, keep } from "../domain/finding.ts";
import { berthKey } from "../domain/naming/names.ts";
import { Migration, migrated, targetOf } from "../domain/operation/migration.ts";
import type { NamespaceRecord, RecordIn } from "../domain/operation/namespaceRecord.ts";
import type { StepAction } from "../domain/operation/operation.ts";
import { toNotice } from "../domain/operation/plan.ts";
import type { Stored } from "../domain/operation/records.ts";
import { OnboardingRequest } from "../domain/request/request.ts";
import { hashRequest } from "../domain/request/requestHash.ts";
import { Time } from "../domain/time.ts";
import type { Ports, Registry } from "../ports.ts";
import { StepInput, StepResult } from "../resources/definitions/step.ts";
import { dependantsOfPodIdentity } from "../resources/podIdentity/bindings.ts";
import { stepActivity } from "./host.ts";

const MigrationInput = StepInput.extend({ request: OnboardingRequest, migration: Migration });

const mostPodsTold = 50;

/** Names every blocker before the first write, and the pods that have to be redeployed. Reads only. */
export const takeInventory = stepActivity({
  name: "takeInventory",
  input: MigrationInput.extend({ clientId: z.guid() }),
  output: StepResult.extend({ pods: z.array(z.string()) }),
  target: berthKey,
  async run(input, ports, step) {
    const [{ plan, pods }] = await Promise.all([
      lookAtMigration(ports, input),
      recordStart(ports, { ...input, kind: "migrate" }),
    ]);
    // Pods that use the previous mode block only the last phase.
    throwBlockers({ ...plan, steps: plan.steps.filter(({ name }) => name !== "checkPods") });
    const news = plan.steps.flatMap(({ name, notices = [] }) => (name === "takeInventory" ? notices : []));
    if (news.length > 0) await step.notice(news);
    if (input.migration.until === "inventory") await step.commit();
    return { action: "none", pods: pods.slice(0, mostPodsTold) };
  },
});

/** Proves the new mode while the old one is still in place. Here, a login that could not be tried also counts as a failure. */
export const verifySideBySide = stepActivity({
  name: "verifySideBySide",
  input: MigrationInput.extend({ clientId: z.guid() }),
  output: StepResult.extend({ findings: z.array(Finding) }),
  target: berthKey,
  async run({ operation, request, migration, clientId }, ports, step) {
    const inspection = { request: migrated(request, migration), clientId, isMigrating: true };
    const { findings } = await proveNamespace(ports, inspection, `${operation}-side-by-side`);
    throwErrors(findings);
    const unproven = findings.find(({ code }) => code === "LOGIN_UNPROVEN");
    if (unproven) throw new PermanentError("VERIFICATION_FAILED", `The login could not be tried: ${unproven.found}`);
    if (migration.until === "verify") await step.commit();
    return { action: "none", findings: [...keep(findings)] };
  },
});

/** From here on the namespace has the new mode, and its manifest says so. */
export const cutOver = stepActivity({
  name: "cutOver",
  input: MigrationInput,
  output: StepResult,
  target: berthKey,
  async run(input, { registry }, step) {
    if (input.migration.until === "cutOver") await step.commit();
    const { differences } = planCutOver(input.request, input.migration);
    const action = await changeRecord(registry, input, {
      // Skipped if an earlier run has done it: what that run recorded stands.
      before: () => step.willDo("update", differences),
      change: (record) => ({
        ...record,
        request: migrated(record.request, input.migration),
        migration: { ...input.migration, completed: "cutOver" },
      }),
    });
    return { action };
  },
});

export const undoCutOver = stepActivity({
  name: "undoCutOver",
  // The input of an undo, so that a cancellation does not stop it.
  input: MigrationInput.extend({ createdBy: z.string() }),
  output: StepResult,
  target: berthKey,
  async run(input, { registry }, step) {
    const { differences } = await planUndoCutOver(registry, input.request);
    const action = await changeRecord(registry, input, {
      before: () => step.willDo("update", differences),
      change: (record) => ({ ...record, request: input.request, migration: input.migration }),
    });
    return { action };
  },
});

async function changeRecord(
  registry: Registry,
  input: z.infer<typeof MigrationInput>,
  {
    before,
    change,
  }: {
    readonly before: () => Promise<void>;
    readonly change: (record: Stored<RecordIn<"Migrating" | "Compensating">>) => NamespaceRecord;
  },
): Promise<StepAction> {
  const record = await registry.getNamespace(input);
  const isMine = record?.operation === input.operation;
  if (!isMine || (record.state !== "Migrating" && record.state !== "Compensating")) {
    throw new PermanentError("VERIFICATION_FAILED", `Operation ${input.operation} no longer holds ${berthKey(input)}.`);
  }
  const changed = change(record);
  const requestHash = hashRequest(changed.request);
  if (requestHash === record.requestHash) return "none";
  await before();
  if (await registry.replaceNamespace({ ...changed, requestHash, etag: record.etag })) return "update";
  throw new Error(`the record of ${berthKey(input)} changed while it was being written`);
}

/** Fails while a pod would lose its identity; if there is a next look, only reports these pods. */
export const checkPods = stepActivity({
  name: "checkPods",
  input: StepInput.extend({
    migration: Migration,
    /** RFC 3339: the next look. Absent for the last look, and in operations that 0.1.0 began, which look once. */
    next: Time.optional(),
  }),
  output: StepResult,
  target: berthKey,
  async run(input, ports, step) {
    const { migration, next } = input;
    const blocker = describeBlockingPods(input, migration, await podsOnPreviousMode(ports, input, migration));
    if (blocker && next !== undefined) {
      await step.notice([toNotice("WAITS_FOR_PODS", blocker.message)]);
      return { action: "none", waitsUntil: next };
    }
    // Clears the notice about pods that it waited for.
    if (await hasWaited(ports, input)) await step.notice([]);
    if (blocker) throw new PermanentError(blocker.code, blocker.message);
    if (targetOf(migration) === "podIdentity") return { action: "none" };
    const { blockers } = await dependantsOfPodIdentity(ports, input);
    const [dependant] = blockers;
    if (dependant) throw errorOf(dependant.code, dependant.message);
    return { action: "none" };
  },
});

async function hasWaited({ registry }: Pick<Ports, "registry">, { operation, ...berth }: StepInput): Promise<boolean> {
  const step = await registry.getStep(operation, { name: "checkPods", target: berthKey(berth) });
  return step?.notices !== undefined;
}
