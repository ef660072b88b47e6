/**
 * From pod identity to workload identity, in phases that each leave the namespace working. A migration may stop after any
 * of them, and goes on where it is when it is asked for again.
 */
import { z } from "zod";
import type { OnboardingRequest } from "../request/request.ts";

export const MigrationPhase = z.enum([
  /** Looks: what there is, which pods use it, and what would be in the way. */
  "inventory",
  /** Adds service account and federated credential; pods go on as they are. */
  "sideBySide",
  /** Proves the new way, by the Job where the catalog allows it. */
  "verify",
  /** The namespace's record and its manifest say workload identity; teams redeploy. */
  "cutOver",
  /** Takes binding and AzureIdentity away, once no pod uses them. */
  "retire",
]);
export type MigrationPhase = z.infer<typeof MigrationPhase>;

/** Kept with the namespace's record while a migration is under way, or stopped. */
export const Migration = z.object({
  /** The last phase to run; a later call may say another. */
  until: MigrationPhase,
  serviceAccount: z.string(),
  /** The value of `aadpodidbinding` by which pods use the old way. */
  selector: z.string(),
  /** The last phase that is complete; absent when nothing has been added yet. */
  completed: MigrationPhase.optional(),
  /** Undos have failed: something may be there, however little is complete. */
  hasRemains: z.literal(true).optional(),
  /** The operation whose undos these are: compensating it is the way back, whatever has been repaired since. */
  leftBy: z.string().optional(),
});
export type Migration = z.infer<typeof Migration>;

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
  { selector: _selector, ...request }: OnboardingRequest,
  { serviceAccount }: Pick<Migration, "serviceAccount">,
): OnboardingRequest {
  return { ...request, identityMode: "workloadIdentity", serviceAccount };
}
