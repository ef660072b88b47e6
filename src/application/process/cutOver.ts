/** The switch of a migration: from here on the namespace has the other mode, and its manifest says so. */
import { PermanentError } from "../../domain/errors.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { Migration, migrated, targetOf } from "../../domain/operation/migration.ts";
import type { NamespaceRecord, RecordIn } from "../../domain/operation/namespaceRecord.ts";
import type { StepAction } from "../../domain/operation/operation.ts";
import { type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { Stored } from "../../domain/operation/records.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import type { Registry } from "../../ports/registry.ts";
import { migrationOf, type OperationFacts } from "../../resources/definitions/operationFacts.ts";
import { defineStep, type StepInput } from "../../resources/definitions/step.ts";

const given = { request: OnboardingRequest, migration: Migration };

function from(operation: OperationFacts) {
  return { request: operation.request, migration: migrationOf(operation) };
}

export const cutOver = defineStep({
  name: "cutOver",
  target: "namespace",
  undo: { by: "undoCutOver" },
  given,
  from,
  look: async (_ports, { request, migration }, { step }) => planCutOver(step, request, migration),
  async run(input, { registry }, step) {
    const { request, migration } = input;
    if (migration.until === "cutOver") await step.commit();
    const { differences } = planCutOver(cutOver.keyFor({ kind: "migrate", request }), request, migration);
    const action = await changeRecord(registry, input, {
      // Skipped if an earlier run has done it: what that run recorded stands.
      before: () => step.willDo("update", differences),
      change: (record) => ({
        ...record,
        request: migrated(record.request, migration),
        migration: { ...migration, completed: "cutOver" },
      }),
    });
    return { action };
  },
});

export const undoCutOver = defineStep({
  name: "undoCutOver",
  target: "namespace",
  given,
  from,
  look: ({ registry }, { request }, { step }) => planUndoCutOver(registry, step, request),
  async run(input, { registry }, step) {
    const { request, migration } = input;
    const key = undoCutOver.keyFor({ kind: "migrate", request });
    const { differences } = await planUndoCutOver(registry, key, request);
    const action = await changeRecord(registry, input, {
      before: () => step.willDo("update", differences),
      change: (record) => ({ ...record, request, migration }),
    });
    return { action };
  },
});

function planCutOver(step: StepKey, request: OnboardingRequest, migration: Pick<Migration, "to">): StepPlan {
  const [current, desired] = [request.identityMode, targetOf(migration)];
  if (current === desired) return toStepPlan(step, { action: "none" });
  return toStepPlan(step, { action: "update", differences: [{ field: "identityMode", current, desired }] });
}

/** The record's current mode decides whether there is anything to restore. */
async function planUndoCutOver(
  registry: Pick<Registry, "getNamespace">,
  step: StepKey,
  request: OnboardingRequest,
): Promise<StepPlan> {
  const current = (await registry.getNamespace(request))?.request.identityMode;
  const desired = request.identityMode;
  if (current === undefined || current === desired) return toStepPlan(step, { action: "none" });
  return toStepPlan(step, { action: "update", differences: [{ field: "identityMode", current, desired }] });
}

async function changeRecord(
  registry: Registry,
  input: StepInput,
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
    throw new PermanentError(
      "VERIFICATION_FAILED",
      `Operation ${input.operation} no longer holds ${namespaceKey(input)}.`,
    );
  }
  const changed = change(record);
  const requestHash = hashRequest(changed.request);
  if (requestHash === record.requestHash) return "none";
  await before();
  // The request is no longer as it was sent.
  const { askedHash: _asked, ...kept } = changed;
  if (await registry.replaceNamespace({ ...kept, requestHash, etag: record.etag })) return "update";
  throw new Error(`the record of ${namespaceKey(input)} changed while it was being written`);
}
