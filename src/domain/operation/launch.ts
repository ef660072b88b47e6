/** Which orchestration runs an operation, and with what input; both follow from the record that the operation holds. */

import type { Catalog } from "../catalog/catalog.ts";
import { defined } from "../defined.ts";
import { endsFirst } from "./expiry.ts";
import { kindOf, movedIn, teamOf } from "./lifecycle.ts";
import { besideOf, recordModes, targetOf, withAccountOf } from "./migration.ts";
import type { HeldRecord } from "./namespaceRecord.ts";
import type { Resumption } from "./resumption.ts";

/** A run of an operation that follows another. */
export interface NextRun {
  /** What the earlier ones did; undefined if that is nothing. */
  readonly resumed: Resumption | undefined;
  /** Which one it is: how often the operation has been resumed, including now. */
  readonly restarts: number;
}

/** The name of an orchestration, which `orchestrations/launchable.ts` checks, and its input. */
export type Launch = ReturnType<typeof launchOf>;

export function launchOf(catalog: Pick<Catalog, "retry" | "migration">, record: HeldRecord, next?: NextRun) {
  const { operation, request, requestedBy, traceparent, earlier, clientId, migration, takenBy, landsUntil } = record;
  const origin = { requestedBy, team: teamOf(record), traceparent };
  const { resumed, restarts } = next ?? {};
  const run = { ...defined({ resumed }), ...(restarts ? { restarts } : {}) };
  const before = { ...defined({ earlier }), ...run };
  const after = defined({ notBefore: landsUntil });
  const input = { operation, request, retry: catalog.retry, ...origin, ...before, ...after };
  const takingOver = takenBy === undefined ? {} : { takesOver: true };
  const ending = endsFirst({ kind: kindOf(record), requestedBy }) ? { endsFirst: true } : {};
  switch (record.state) {
    case "Onboarding":
      return { orchestration: "onboardNamespace" as const, input: { ...input, ...takingOver } };
    case "Changing":
      return {
        orchestration: "changeNamespace" as const,
        input: { ...input, ...takingOver, ...ending, ...movedIn(record), earlier: record.earlier },
      };
    case "Offboarding": {
      const { ignoreDependants } = record.offboarding;
      const modes = recordModes(request, besideOf(request, migration));
      const offboardInput = {
        ...input,
        request: withAccountOf(migration, request),
        ...modes,
        ignoreDependants,
        ...ending,
      };
      return { orchestration: "offboardNamespace" as const, input: offboardInput };
    }
    case "Compensating": {
      const { of, createdBy, undos, migrating } = record.compensates;
      const compensation = {
        ...input,
        compensates: { of, createdBy, undos: [...undos] },
        ...(migrating ? { request: migrating.request, migrating: { ...migrating } } : {}),
      };
      return { orchestration: "compensateOperation" as const, input: compensation };
    }
    case "Repairing": {
      const repairing = { clientId, ...recordModes(request, besideOf(request, migration)) };
      return { orchestration: "repairNamespace" as const, input: { ...input, ...repairing } };
    }
    case "Migrating": {
      const { waitForPodsMinutes } = catalog.migration;
      const going = { clientId: record.clientId, migration: record.migration };
      const waiting = waitForPodsMinutes > 0 ? { waitForPodsMinutes } : {};
      const migrateInput = { ...input, ...going, ...waiting };
      switch (targetOf(record.migration)) {
        case "podIdentity":
        case "identityBinding":
          return { orchestration: "migrateBack" as const, input: migrateInput };
        case "workloadIdentity":
          return { orchestration: "migrateNamespace" as const, input: migrateInput };
      }
    }
  }
}
