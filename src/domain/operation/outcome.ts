import { z } from "zod";
import { Finding } from "../finding.ts";
import { KnownThing } from "../naming/ownership.ts";
import { OperationError } from "./operation.ts";
import { MigrationProgress } from "./operationResult.ts";

/** How the body of an orchestration ended; also its output, for when the record of it cannot be written. */
export const Outcome = z.object({
  status: z.enum(["Succeeded", "Failed"]),
  /** Of the identity, once onboarded. */
  clientId: z.guid().optional(),
  /** Of the Kubernetes namespace, once onboarded. */
  namespaceUid: z.string().exactOptional(),
  error: OperationError.optional(),
  /** Of the verification at its end. */
  findings: z.array(Finding).optional(),
  /** That were there at that verification. */
  things: z.array(KnownThing).optional(),
  /** How far a migration has come. */
  migration: MigrationProgress.optional(),
  /** Something is there that should not be; the namespace stays recorded then. */
  leftBehind: z.boolean(),
  /** Names of the undos that failed. */
  leftUndone: z.array(z.string()).optional(),
  /** Of an offboarding that failed: it had removed nothing. */
  isUntouched: z.boolean().optional(),
});
export type Outcome = z.infer<typeof Outcome>;
