/** The requests that can be made in a simulated world, each through the code that the routes and timers use. */
import {
  type AcceptanceContext,
  type Accepted,
  acceptCompensation,
  acceptExpired,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import type { AdmissionOptions } from "../../../src/application/admission/admission.ts";
import { createDriftWatch } from "../../../src/application/inspection/watchDrift.ts";
import { goesTo, prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { type Caller, expiryCaller } from "../../../src/domain/access/caller.ts";
import type { NamespaceRef } from "../../../src/domain/naming/names.ts";
import { isOnboarded } from "../../../src/domain/operation/lifecycle.ts";
import type { MigrationRequest } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationKind } from "../../../src/domain/operation/operation.ts";
import { usesServiceAccount } from "../../../src/domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import { withRevisedTargets } from "../../../src/domain/targets/wanted.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import { operator } from "./callers.ts";

export interface Act {
  /** Its name in traces and problems. */
  readonly name: string;
  readonly kind: OperationKind;
  readonly namespaceRef: NamespaceRef;
  readonly by: Caller;
  readonly ask: (acceptance: AcceptanceContext) => Promise<Accepted | undefined>;
  /** Only for an onboarding. */
  readonly takesOver?: boolean;
  /** The probability of a cancel, if it differs from the world's. */
  readonly cancels?: number;
}

export function onboard(
  request: OnboardingRequest,
  by: Caller,
  options: Pick<AdmissionOptions, "adoptIdentity"> = {},
): Act {
  return {
    name: "onboard",
    kind: "onboard",
    namespaceRef: request,
    by,
    ask: (acceptance) => acceptOnboarding(acceptance, request, { isRemovalConfirmed: true, ...options }),
  };
}

/** An operator takes the namespace over for the other team. */
export function takeOver(request: OnboardingRequest): Act {
  const wanted = { ...request, team: "red" };
  const ask = (acceptance: AcceptanceContext) =>
    acceptOnboarding(acceptance, wanted, { takeOver: true, isRemovalConfirmed: true });
  return { name: "takeOver", kind: "onboard", namespaceRef: request, by: operator, ask, takesOver: true };
}

export function offboard(namespaceRef: NamespaceRef, by: Caller): Act {
  return {
    name: "offboard",
    kind: "offboard",
    namespaceRef,
    by,
    ask: (acceptance) => acceptOffboarding(acceptance, namespaceRef),
  };
}

/** Although others have something that depends on it. */
export function offboardAnyway(namespaceRef: NamespaceRef, by: Caller): Act {
  const ask = (acceptance: AcceptanceContext) =>
    acceptOffboarding(acceptance, namespaceRef, { ignoreDependants: true });
  return { ...offboard(namespaceRef, by), ask };
}

export function repair(namespaceRef: NamespaceRef, by: Caller): Act {
  const ask = (acceptance: AcceptanceContext) =>
    acceptUpkeep(acceptance, "Repairing", { namespaceRef, prepare: () => ({}) });
  return { name: "repair", kind: "repair", namespaceRef, by, ask };
}

export function migrate(namespaceRef: NamespaceRef, by: Caller, wanted: MigrationRequest): Act {
  const ask = (acceptance: AcceptanceContext) =>
    acceptUpkeep(acceptance, "Migrating", {
      namespaceRef,
      isAsked: goesTo(wanted),
      prepare: (record) => ({ migration: prepareMigration(acceptance.ports, record, withNamesThere(record, wanted)) }),
    });
  return { name: "migrate", kind: "migrate", namespaceRef, by, ask };
}

/** Nobody asks for an account where another one is there and would stay. */
function withNamesThere(
  { request, migration }: NamespaceRecord,
  { serviceAccount, ...wanted }: MigrationRequest,
): MigrationRequest {
  return migration || usesServiceAccount(request) ? wanted : { ...wanted, serviceAccount };
}

export function compensate(operation: string, namespaceRef: NamespaceRef, by: Caller): Act {
  return {
    name: "compensate",
    kind: "compensate",
    namespaceRef,
    by,
    ask: (acceptance) => acceptCompensation(acceptance, operation),
  };
}

/** Compensates a migration, whose namespace stays onboarded whatever could not be undone. */
export function wayBack(operation: string, namespaceRef: NamespaceRef, by: Caller): Act {
  return { ...compensate(operation, namespaceRef, by), name: "wayBack" };
}

/** The drift timer runs an hour later; a repair that it starts is an operation like any other. */
export function look(namespaceRef: NamespaceRef, registry: Registry): Act {
  return {
    name: "look",
    kind: "repair",
    namespaceRef,
    by: operator,
    async ask(acceptance) {
      const record = await registry.getNamespace(namespaceRef);
      if (record && record.lookedTime !== longAgo) {
        await registry.replaceNamespace({ ...record, lookedTime: longAgo, verifiedTime: longAgo });
      }
      let started: Accepted | undefined;
      const log = { log: () => undefined, warn: acceptance.warn };
      await createDriftWatch(acceptance.ports, 0).run(log, async (drifted, repairTried) => {
        started = await acceptUpkeep(acceptance, "Repairing", {
          namespaceRef: drifted,
          prepare: () => ({ repairTried }),
        });
        return started;
      });
      return started;
    },
  };
}

/**
 * The timer finds that access has ended: to the target of that key, or to everything. The end is written by hand, with the look that has
 * found it passed, since no world lasts as long.
 */
export function expire({ request }: NamespaceRecord, registry: Registry, key?: string): Act {
  const ended = { expiresAt: longAgo };
  const isEnding = (each: string) => key === undefined || each === key;
  const ending = withRevisedTargets(request, (target) => (isEnding(target.key) ? ended : {}));
  return {
    name: "expire",
    kind: key === undefined ? "offboard" : "change",
    namespaceRef: request,
    by: expiryCaller,
    async ask(acceptance) {
      const record = await registry.getNamespace(request);
      if (record && isOnboarded(record) && record.expiry === undefined) {
        const noted = { expiry: { end: longAgo, passedTime: longAgo } };
        await registry.replaceNamespace({ ...record, ...noted, request: ending, requestHash: hashRequest(ending) });
      }
      return await acceptExpired(acceptance, request, Date.parse(longAgo) + 60 * 60_000);
    },
  };
}

/** The timer tries again what such an end, of this kind, has left. */
export function expireAgain(namespaceRef: NamespaceRef, kind: OperationKind): Act {
  const now = Date.parse(longAgo) + 40 * 24 * 60 * 60_000;
  const ask = (acceptance: AcceptanceContext) => acceptExpired(acceptance, namespaceRef, now);
  return { name: "expireAgain", kind, namespaceRef, by: expiryCaller, ask };
}

export const longAgo = "2026-01-01T00:00:00.000Z";
