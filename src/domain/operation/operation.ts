/** Status and phase of an operation. The status values are those of Azure's long-running operations. */
import { z } from "zod";
import { FixParts } from "../fixParts.ts";

export const OperationStatus = z.enum(["NotStarted", "Running", "Succeeded", "Failed", "Canceled"]);
export type OperationStatus = z.infer<typeof OperationStatus>;

export const Phase = z.enum(["preflight", "awaitingApproval", "provisioning", "verifying", "compensating", "done"]);
export type Phase = z.infer<typeof Phase>;

export const OperationKind = z.enum(["onboard", "offboard", "change", "compensate", "repair", "migrate"]);
export type OperationKind = z.infer<typeof OperationKind>;

/** `keep`: the thing stays but is no longer Mooring's; what Mooring had added to it is gone. */
export const StepAction = z.enum(["create", "adopt", "update", "none", "keep", "delete", "conflict"]);
export type StepAction = z.infer<typeof StepAction>;

export const OperationError = z
  .object({
    code: z.string(),
    message: z.string(),
    fix: z.string(),
    /** In a record only where the fix is one of this case: any other follows from the code and the situation (errorDocument.ts). */
    fixParts: FixParts.exactOptional(),
    retryable: z.boolean(),
  })
  .meta({ id: "OperationError" });
export type OperationError = z.infer<typeof OperationError>;

/** Total: another status does not compile before it says whether it is the last. */
const isLast: { readonly [S in OperationStatus]: boolean } = {
  NotStarted: false,
  Running: false,
  Succeeded: true,
  Failed: true,
  Canceled: true,
};

export function isFinal(status: OperationStatus): boolean {
  return isLast[status];
}
