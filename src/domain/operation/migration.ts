/**
 * From pod identity to workload identity, or back, in phases that each leave the namespace working. A migration may stop
 * after any of them; asked for again it goes on where it is, and asked for the other way it goes back from there.
 */
import { z } from "zod";
import { IdentityMode, type OnboardingRequest, ServiceAccountName, selectorOf } from "../request/request.ts";

export const MigrationPhase = z.enum([
  /** Looks: what there is, which pods use it, and what would be in the way. */
  "inventory",
  /** Adds what the new way needs, such as service account and federated credential; pods go on as they are. */
  "sideBySide",
  /** Proves the new way, by the Job where the catalog allows it. */
  "verify",
  /** The namespace's record and its manifest say the new way; teams redeploy. */
  "cutOver",
  /** Removes the previous mode, such as binding and AzureIdentity, once no pod uses it. */
  "retire",
]);
export type MigrationPhase = z.infer<typeof MigrationPhase>;

/** What somebody asks for. */
export const MigrationRequest = z
  .strictObject({
    to: IdentityMode.default("workloadIdentity").meta({
      description: "podIdentity reverses a migration, wherever it stopped and even after its end.",
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

/** Kept with the namespace's record while a migration is under way, or stopped. */
export const Migration = z.object({
  /** Absent: to workload identity. */
  to: z.literal("podIdentity").optional(),
  /** The last phase to run; a later call may say another. */
  until: MigrationPhase,
  serviceAccount: z.string(),
  /** The value of `aadpodidbinding` by which pods use pod identity. */
  selector: z.string(),
  /** The last phase that is complete; absent when nothing has been added yet. */
  completed: MigrationPhase.optional(),
  /** Undos have failed: something may be there, however little is complete. */
  hasRemains: z.literal(true).optional(),
  /** The operation whose undos these are: compensating it is the way back, whatever has been repaired since. */
  leftBy: z.string().optional(),
});
export type Migration = z.infer<typeof Migration>;

/** To which identity mode it leads. */
export function targetOf({ to }: Pick<Migration, "to">): IdentityMode {
  return to ?? "workloadIdentity";
}

export function otherMode(mode: IdentityMode): IdentityMode {
  return mode === "podIdentity" ? "workloadIdentity" : "podIdentity";
}

/**
 * What a migration that has stopped is for one that leads to `mode`. Both ways stand between its phases, so one that has
 * cut over has added the other way, too, and one that has not is where the other has only to retire.
 */
export function towards(migration: Migration, mode: IdentityMode): Migration {
  if (targetOf(migration) === mode) return migration;
  const { to: _to, completed, ...same } = migration;
  return {
    ...same,
    ...(mode === "podIdentity" ? { to: mode } : {}),
    completed: isPast(completed, "cutOver") ? "sideBySide" : "cutOver",
  };
}

/** Whether a phase is complete, or one after it. */
export function isPast(completed: MigrationPhase | undefined, phase: MigrationPhase): boolean {
  return completed !== undefined && indexOf(completed) >= indexOf(phase);
}

/** The further of two; going through earlier phases once more sets nothing back. */
export function further(completed: MigrationPhase | undefined, phase: MigrationPhase): MigrationPhase {
  return completed !== undefined && isPast(completed, phase) ? completed : phase;
}

function indexOf(phase: MigrationPhase): number {
  return MigrationPhase.options.indexOf(phase);
}

export function reaches(phase: MigrationPhase, { until }: Pick<Migration, "until">): boolean {
  return indexOf(phase) <= indexOf(until);
}

/** What there is to take away while a migration is under way: its service account may be another than the request's. */
export function withAccountOf(
  migration: Pick<Migration, "serviceAccount"> | undefined,
  request: OnboardingRequest,
): OnboardingRequest {
  return migration ? { ...request, serviceAccount: migration.serviceAccount } : request;
}

/** What the namespace is onboarded with after the cut over. */
export function migrated(
  { selector: earlier, ...request }: OnboardingRequest,
  { to, serviceAccount, selector }: Pick<Migration, "to" | "serviceAccount" | "selector">,
): OnboardingRequest {
  if (to === undefined) return { ...request, identityMode: "workloadIdentity", serviceAccount };
  const isSaid = earlier !== undefined || selector !== selectorOf(request);
  return { ...request, identityMode: to, ...(isSaid ? { selector } : {}) };
}
