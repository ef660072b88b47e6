/** What a namespace has at the end of an operation whose proof was lost: its process has died between the two records of the end. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { End } from "../../domain/operation/lifecycle.ts";
import { besideOf } from "../../domain/operation/migration.ts";
import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { HeldState } from "../../domain/operation/namespaceState.ts";
import type { Ports } from "../../ports/index.ts";
import { readNamespace } from "../inspection/inspection.ts";

/** They end with a proof. */
const proven: ReadonlySet<HeldState> = new Set(["Onboarding", "Changing", "Repairing"]);

/**
 * Read again, since without its marks in the record, what somebody else takes the mark from counts as theirs. The proof is not
 * repeated: it could only contradict what was recorded.
 */
export async function findLostThings(
  ports: Ports,
  { state, request, earlier, migration, things: known, ...record }: HeldRecord,
  { status, things, clientId = record.clientId }: Pick<End, "status" | "things" | "clientId">,
): Promise<Pick<End, "things">> {
  if (status !== "Succeeded" || things !== undefined || !proven.has(state)) return {};
  const inspection = { request, earlier, clientId, modeBeside: besideOf(request, migration), things: known };
  try {
    return { things: [...(await readNamespace(ports, inspection)).things] };
  } catch (error) {
    if (!(error instanceof PermanentError || error instanceof TransientError)) throw error;
    // The end matters more; the next verification reads them, too.
    return {};
  }
}
