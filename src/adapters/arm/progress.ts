/** How a long-running operation of Azure is followed where Mooring may see it: its own resource shows when it is done. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { RestApi } from "./restApi.ts";

/** Azure takes seconds; if it takes longer, the durable runtime retries the step, which looks first. */
const longestChangeMs = 60_000;
const pollMs = 500;

export async function untilOver(doing: string, isOver: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + longestChangeMs; ; await sleep(pollMs)) {
    if (await isOver()) return;
    if (performance.now() > giveUpAt) {
      throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure is still working on it.`);
    }
  }
}

export interface LongRunningOperation {
  readonly status: string;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/**
 * Where the operation is followed: its operation is addressed in the subscription, where Mooring may have no rights, and is then not
 * followed any more. The token is sent there, so it has to be Azure Resource Manager.
 */
export function followed(doing: string, progress: string | undefined, endpoint: string): string | undefined {
  if (progress === undefined) return undefined;
  if (URL.canParse(progress) && new URL(progress).origin === new URL(endpoint).origin) return progress;
  throw new PermanentError("ARM_REJECTED", `${doing}: Azure names another host to follow it.`);
}

/** Undefined if Mooring may not see it. */
export async function lookAtProgress(
  { find }: Pick<RestApi, "find">,
  doing: string,
  url: string,
): Promise<LongRunningOperation | undefined> {
  try {
    const found = await find(doing, url, Progress);
    return found && { status: found.status, error: found.error ?? undefined };
  } catch (error) {
    if (error instanceof PermanentError && error.code === "ARM_FORBIDDEN") return undefined;
    throw error;
  }
}

export function isFailed({ status }: LongRunningOperation): boolean {
  return status === "Failed" || status === "Canceled";
}

export function describeFailure(doing: string, { status, error }: LongRunningOperation): string {
  return `${doing}: Azure ended the operation as ${status}. ${error?.code ?? ""} ${error?.message ?? ""}`.trim();
}

const Progress = z.object({
  status: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});
