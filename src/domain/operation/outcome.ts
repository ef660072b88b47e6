import { z } from "zod";
import { Finding } from "../finding.ts";
import { ClientId } from "../naming/identityPair.ts";
import { KnownThing } from "../naming/ownership.ts";
import { OperationError } from "./operation.ts";
import { MigrationProgress } from "./operationResult.ts";
import { Parts } from "./reasons.ts";

/** How the body of an orchestration ended. Also the orchestration's output, in case the outcome cannot be recorded. */
export const Outcome = z.object({
  status: z.enum(["Succeeded", "Failed"]),
  /** The identity's client ID, once onboarded. */
  clientId: ClientId.optional(),
  /** The UID of the Kubernetes namespace, once onboarded. */
  namespaceUid: z.string().exactOptional(),
  error: OperationError.optional(),
  /** The error's message in parts, if the records of steps have some of them. Since 0.2.0. */
  reasons: Parts.exactOptional(),
  /** Findings of the final verification. */
  findings: z.array(Finding).optional(),
  /** Things that the final verification found. */
  things: z.array(KnownThing).optional(),
  /** The progress of a migration. */
  migration: MigrationProgress.optional(),
  /** Something is there that should not be; the namespace then stays recorded. */
  leftBehind: z.boolean(),
  /** Names of the undos that failed. */
  leftUndone: z.array(z.string()).optional(),
  /** For a failed offboarding: it removed nothing. */
  isUntouched: z.boolean().optional(),
});
export type Outcome = z.infer<typeof Outcome>;
