/** The registry's records of operations, batches and steps; for namespaces, see namespaceRecord.ts. Times are RFC 3339. */

import type { Caller } from "../access/caller.ts";
import type { Severity } from "../finding.ts";
import type { NamespaceRef } from "../naming/names.ts";
import type { Approval } from "../policy/approval.ts";
import type { OnboardingRequest } from "../request/request.ts";
import type { SentAs } from "../request/sentRequest.ts";
import type { BatchTotals, ItemOutcome } from "./batch.ts";
import type { Migration } from "./migration.ts";
import type { NamespaceWork, SeenNamespace } from "./namespaceBatch.ts";
import type { Compensated } from "./namespaceRecord.ts";
import type { OperationError, OperationKind, OperationStatus, StepAction } from "./operation.ts";
import type { OperationResult } from "./operationResult.ts";
import type { Difference, PlannedStep } from "./plan.ts";
import type { StillToUndo } from "./stillToUndo.ts";

/** A record with its ETag, by which a later write proves that nobody wrote in between. */
export type Stored<T> = T & { readonly etag: string };

/** The common fields of a namespace's operation and a batch's. */
interface RecordOfOperation {
  readonly id: string;
  readonly status: OperationStatus;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly traceparent?: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly error?: OperationError;
  /** The UID of the Kubernetes namespace that it found or created. */
  readonly namespaceUid?: string;
  /** When the record was written last, by the table's own clock. */
  readonly changedTime?: string;
  /** How often it was resumed after its orchestration had ended without an outcome. */
  readonly restarts?: number;
  /** Who canceled it. Once this is written, the operation of a namespace can no longer succeed. */
  readonly cancel?: Cancel;
}

export interface Cancel {
  readonly by: string;
  readonly time: string;
  readonly comment?: string;
}

export interface OperationRecord extends RecordOfOperation, NamespaceRef {
  readonly kind: OperationKind;
  readonly request: OnboardingRequest;
  /** The batch that the operation belongs to. */
  readonly batch?: string;
  /** For a migration, that migration; for an offboarding, the one that was under way when it began. */
  readonly migration?: Migration;
  readonly result?: OperationResult;
  /** Set if the request needs approval. */
  readonly approval?: Approval;
  /** What the preflight found when it asked for approval. Absent where none was needed, or an earlier release asked. */
  readonly plan?: readonly PlannedStep[];
  readonly earlier?: OnboardingRequest;
  /** What the earlier request has goes before anything is made: it is another team's. Since 0.2.0. */
  readonly takesOver?: true;
  /** The targets that a change also revokes where the catalog had them before. Since 0.2.0. */
  readonly moved?: readonly string[];
  readonly compensates?: Compensated;
  /** Names of the undos that failed. */
  readonly leftUndone?: readonly string[];
  /** What it left because the catalog has dropped where it is, each as `step target: sentence`. Since 0.2.0. */
  readonly leftInPlace?: readonly string[];
  /** What it still has to undo, while its undos go on. Counts until it has ended. Since 0.2.0. */
  readonly stillToUndo?: StillToUndo;
  /** Who ended that waiting: what is left is then reported. Since 0.2.0. */
  readonly givenUp?: Cancel;
  /** Everything is done and verified: from here on the operation cannot be canceled. */
  readonly committedTime?: string;
}

/** The operation of a batch: it has no namespace, and may have no single team. */
export interface BatchRecord extends RecordOfOperation {
  readonly kind: "batch";
  /** The sender, as of that time: the items are claimed on their behalf. */
  readonly by: Caller;
  /** The work on every namespace; absent if each item has an onboarding request. */
  readonly work?: NamespaceWork;
  /**
   * For onboarding requests: whether namespaces may lose what they have. Since 0.2.0; a batch that an earlier release accepted
   * has nothing, and may.
   */
  readonly isRemovalConfirmed?: boolean;
  /** For onboarding requests: an operator's decision about what no record knows. Since 0.2.0. */
  readonly adoptIdentity?: string;
  readonly requests: number;
  /** Why the batch does not run again: items that have not begun by then never will. */
  readonly givenUp?: string;
  /** Set once it has ended. */
  readonly result?: BatchTotals;
}

export type AnyOperation = OperationRecord | BatchRecord;

/** One request of a batch, or one of its namespaces. */
export interface BatchItem extends NamespaceRef {
  /** Its position in the request. */
  readonly index: number;
  readonly status: OperationStatus;
  /** The ID for its own operation, recorded before the namespace is claimed. */
  readonly claim?: string;
  /** The lane that runs its own operation; another takes it over as long as the item has not begun. Absent in older rows. */
  readonly lane?: string;
  /** The operation that decides how it ends: its own, or an earlier one with the same request. */
  readonly operation?: string;
  readonly kind?: OperationKind;
  readonly outcome?: ItemOutcome;
  /** Whether its operation waits, or has waited, for a person. */
  readonly needsApproval?: boolean;
  /** For a verification: the number of findings, and the severity of the worst. */
  readonly findings?: number;
  readonly severity?: Severity;
  readonly error?: OperationError;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly changedTime?: string;
}

/** What an item asks for, as accepted: a request, or a namespace as it was then. */
export interface BatchAsk extends NamespaceRef, SentAs {
  readonly request?: OnboardingRequest;
  readonly seen?: SeenNamespace;
}

/** A batch that has not ended, and which lane has which of its items. */
export interface OpenBatch {
  readonly id: string;
  readonly acceptedTime: string;
  readonly requests: number;
  /** The first item that no lane has yet. */
  readonly next: number;
  /** By lane, the item that the lane got last. */
  readonly taken: Readonly<Record<string, number>>;
}

/**
 * A request from the queue that has to wait, because another operation holds its namespace or an earlier request waits for it.
 * Its message is deferred.
 */
export interface WaitingRequest extends NamespaceRef, SentAs {
  /** Retrieves a deferred message from Service Bus; requests for a namespace run in this order. */
  readonly sequenceNumber: number;
  /** The ID that its operation will have. */
  readonly operation: string;
  readonly request: OnboardingRequest;
  /** Whether the namespace may lose what it has. Since 0.2.0; what an earlier release let wait has nothing, and may. */
  readonly isRemovalConfirmed?: boolean;
  readonly traceparent: string;
  readonly since: string;
  /** When the message's time to live ends. */
  readonly expires: string;
}

export interface StepRecord {
  readonly name: string;
  readonly target: string;
  /** What the step did, or is about to do. */
  readonly action?: StepAction;
  readonly differences?: readonly Difference[];
  readonly status: OperationStatus;
  readonly attempts: number;
  readonly startTime: string;
  readonly endTime?: string;
  readonly error?: OperationError;
  /** What it could not find out, without being stopped. */
  readonly notices?: readonly OperationError[];
  readonly nextRetryTime?: string;
  readonly changedTime?: string;
  /** An attempt has begun and not recorded how it ended. Since 0.2.0. */
  readonly isOpen?: boolean;
  /**
   * When the last attempt was known to have ended without the answer to a write: its process died, or it waited in vain. What it
   * wrote may take effect later (application/steps/landing.ts). Since 0.2.0.
   */
  readonly unansweredTime?: string;
}

export interface Page<T> {
  readonly value: readonly T[];
  /** Pass it back to get the next page. */
  readonly continuation?: string;
  /** The keys of records that were left out because they cannot be read. */
  readonly unreadable?: readonly string[];
}
