/**
 * From one identity mode to another, in phases that each leave the namespace working. A migration may stop after any of them.
 * Requested again, it continues from there; requested in the other direction, it goes back.
 */
import { z } from "zod";
import { defined } from "../defined.ts";
import { usesServiceAccount } from "../request/identityModes.ts";
import { type ByMode, defaultMode, usuallyLeft } from "../request/modes.ts";
import { IdentityMode, type OnboardingRequest, ServiceAccountName, selectorOf } from "../request/request.ts";

export const MigrationPhase = z.enum([
  /** Only looks: what exists, which pods use it, and what would be in the way. */
  "inventory",
  /** Adds what the new mode needs, such as service account and federated credential; pods continue as before. */
  "sideBySide",
  /** Proves the new mode, with the Job if the catalog allows it. */
  "verify",
  /** The namespace's record and its manifest switch to the new mode; teams redeploy. */
  "cutOver",
  /** Removes what belongs to the previous mode, such as binding and AzureIdentity, once no pod uses it. */
  "retire",
]);
export type MigrationPhase = z.infer<typeof MigrationPhase>;

/** What a caller asks for. */
export const MigrationRequest = z
  .strictObject({
    to: IdentityMode.default(defaultMode).meta({
      description:
        "The mode that the namespace gets. The one that it had reverses a migration, wherever it stopped and even after its end.",
    }),
    until: MigrationPhase.default("retire").meta({ description: "The last phase to run; call again to continue." }),
    serviceAccount: ServiceAccountName.optional().meta({
      description: "The workload's service account; by default the one in the onboarding request.",
    }),
    selector: ServiceAccountName.optional().meta({
      description:
        "For podIdentity, the value of the pod label aadpodidbinding; by default the previous one, or the namespace's name.",
    }),
  })
  .meta({ id: "MigrationRequest" });
export type MigrationRequest = z.infer<typeof MigrationRequest>;

/** Kept with the namespace's record while a migration is running or stopped. */
export const Migration = z.object({
  /** Absent for a migration to workload identity. */
  to: IdentityMode.exclude([defaultMode]).optional(),
  /** The mode that it leaves. Since 0.2.0, and absent where it is the usual one. */
  from: IdentityMode.optional(),
  /** The last phase to run; a later call may name another. */
  until: MigrationPhase,
  serviceAccount: z.string(),
  /** The value of the label `aadpodidbinding` on pods that use pod identity. */
  selector: z.string(),
  /** The last complete phase; absent if nothing has been added yet. */
  completed: MigrationPhase.optional(),
  /** Undos have failed, so something may be left, however early the last complete phase. */
  hasRemains: z.literal(true).optional(),
  /** The operation whose undos failed: compensating it is the way back, even if the namespace was repaired since. */
  leftBy: z.string().optional(),
});
export type Migration = z.infer<typeof Migration>;

export type Way = Pick<Migration, "to" | "from">;
type Moded = Pick<OnboardingRequest, "identityMode">;

/** The identity mode that it leads to. */
export function targetOf({ to }: Pick<Migration, "to">): IdentityMode {
  return to ?? defaultMode;
}

const ways: ByMode<Pick<Migration, "to">> = {
  podIdentity: { to: "podIdentity" },
  workloadIdentity: {},
  identityBinding: { to: "identityBinding" },
};

/** As it is recorded: a release before 0.2.0 knew only one way. */
export function wayBetween(from: IdentityMode, to: IdentityMode): Way {
  return { ...ways[to], ...(usuallyLeft[to] === from ? {} : { from }) };
}

/** The identity mode that it leaves. */
export function modeLeft(way: Way): IdentityMode {
  return way.from ?? usuallyLeft[targetOf(way)];
}

/** The mode whose objects a namespace has beside those of its request's while it migrates. */
export function besideOf({ identityMode }: Moded, way: Way | undefined): IdentityMode | undefined {
  if (!way) return undefined;
  return identityMode === targetOf(way) ? modeLeft(way) : targetOf(way);
}

/** The same in inputs of orchestrations and steps. */
export const RecordedModes = z.object({
  isMigrating: z.boolean(),
  /** Since 0.2.0, and absent where it is the usual one. */
  otherMode: IdentityMode.optional(),
});
/** Where 0.1.0 could leave them out. */
export const PerhapsModes = RecordedModes.partial();

export function recordModes(
  { identityMode }: Moded,
  modeBeside: IdentityMode | undefined,
): z.infer<typeof RecordedModes> {
  const isUsual = modeBeside === usuallyLeft[identityMode];
  return { isMigrating: modeBeside !== undefined, ...(isUsual ? {} : defined({ otherMode: modeBeside })) };
}

export function readModes({ identityMode }: Moded, recorded: z.infer<typeof PerhapsModes>): IdentityMode | undefined {
  return recorded.isMigrating ? (recorded.otherMode ?? usuallyLeft[identityMode]) : undefined;
}

/** Whether a stopped migration can go on to the mode: forth, or back. */
export function leadsTo(migration: Way, mode: IdentityMode): boolean {
  return [targetOf(migration), modeLeft(migration)].includes(mode);
}

/**
 * A stopped migration, as seen by one that leads to `mode`. Between its phases, both modes are in place. So if it has cut over,
 * the other direction has already done `sideBySide`; if it has not, the other direction only has to retire.
 */
export function towards(migration: Migration, mode: IdentityMode): Migration {
  if (targetOf(migration) === mode) return migration;
  const { to: _to, from: _from, completed, ...same } = migration;
  return {
    ...same,
    ...wayBetween(targetOf(migration), mode),
    completed: isPast(completed, "cutOver") ? "sideBySide" : "cutOver",
  };
}

/** Whether a phase, or a later one, is complete. */
export function isPast(completed: MigrationPhase | undefined, phase: MigrationPhase): boolean {
  return completed !== undefined && indexOf(completed) >= indexOf(phase);
}

/** The later of the two: rerunning earlier phases does not set a migration back. */
export function further(completed: MigrationPhase | undefined, phase: MigrationPhase): MigrationPhase {
  return completed !== undefined && isPast(completed, phase) ? completed : phase;
}

function indexOf(phase: MigrationPhase): number {
  return MigrationPhase.options.indexOf(phase);
}

export function reaches(phase: MigrationPhase, { until }: Pick<Migration, "until">): boolean {
  return indexOf(phase) <= indexOf(until);
}

/** The request with the service account that has to be removed: that of a migration may differ from the request's. */
export function withAccountOf(
  migration: Pick<Migration, "serviceAccount"> | undefined,
  request: OnboardingRequest,
): OnboardingRequest {
  return migration ? { ...request, serviceAccount: migration.serviceAccount } : request;
}

/** The namespace's request after the cut over. */
export function migrated(
  { selector: earlier, ...request }: OnboardingRequest,
  { to, serviceAccount, selector }: Pick<Migration, "to" | "serviceAccount" | "selector">,
): OnboardingRequest {
  const identityMode = targetOf({ to });
  if (usesServiceAccount({ identityMode })) return { ...request, identityMode, serviceAccount };
  const isSaid = earlier !== undefined || selector !== selectorOf(request);
  return { ...request, identityMode, ...(isSaid ? { selector } : {}) };
}
