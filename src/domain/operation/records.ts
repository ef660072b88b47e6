/** What the registry keeps of operations, batches and steps; of namespaces: namespaceRecord.ts. Times are RFC 3339. */

import type { Caller } from "../access/caller.ts";
import type { Severity } from "../finding.ts";
import type { Berth } from "../naming/names.ts";
import type { Approval } from "../policy/approval.ts";
import type { OnboardingRequest } from "../request/request.ts";
import type { SentAs } from "../request/sentRequest.ts";
import type { BatchOutcome, BatchTotals } from "./batch.ts";
import type { Migration } from "./migration.ts";
import type { NamespaceWork, SeenNamespace } from "./namespaceBatch.ts";
import type { Compensated } from "./namespaceRecord.ts";
import type { OperationError, OperationKind, OperationStatus, StepAction } from "./operation.ts";
import type { OperationResult } from "./operationResult.ts";
import type { Difference, PlannedStep } from "./plan.ts";

/** A record with the ETag by which a later write proves that nobody wrote in between. */
export type Stored<T> = T & { readonly etag: string };

/** What the operation of a namespace and that of a batch have in common. */
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
  /** Of the Kubernetes namespace that it found or made. */
  readonly namespaceUid?: string;
  /** When the record was written last, by the table's own clock. */
  readonly changedTime?: string;
  /** How often it was taken up again after its orchestration had ended without an outcome. */
  readonly restarts?: number;
  /** Who asked to cancel it. Once this is written the operation of a namespace cannot succeed any more. */
  readonly cancel?: Cancel;
}

export interface Cancel {
  readonly by: string;
  readonly time: string;
  readonly comment?: string;
}

export interface OperationRecord extends RecordOfOperation, Berth {
  readonly kind: OperationKind;
  readonly request: OnboardingRequest;
  /** The batch that the operation belongs to. */
  readonly batch?: string;
  /** The migration that it is, or that was under way when an offboarding began. */
  readonly migration?: Migration;
  readonly result?: OperationResult;
  /** Set when the request needs a second pair of eyes. */
  readonly approval?: Approval;
  /** What the preflight found when it asked for approval. Absent where none was needed, or an earlier release asked. */
  readonly plan?: readonly PlannedStep[];
  readonly earlier?: OnboardingRequest;
  readonly compensates?: Compensated;
  /** Names of the undos that failed. */
  readonly leftUndone?: readonly string[];
  /** Everything is done and verified: from here on the operation cannot be canceled. */
  readonly committedTime?: string;
}

/** The operation of a batch: of no namespace, and perhaps of no single team. */
export interface BatchRecord extends RecordOfOperation {
  readonly kind: "batch";
  /** Who sent it, as they were then: its items are claimed for them. */
  readonly by: Caller;
  /** What is done with every namespace; absent where each has an onboarding request. */
  readonly work?: NamespaceWork;
  readonly requests: number;
  /** Why no run of it begins any more: what has not begun by then never does. */
  readonly givenUp?: string;
  /** Once it has ended. */
  readonly result?: BatchTotals;
}

export type AnyOperation = OperationRecord | BatchRecord;

/** One request of a batch, or one of its namespaces. */
export interface BatchItem extends Berth {
  /** Its place in what was sent. */
  readonly index: number;
  readonly status: OperationStatus;
  /** The id that an operation of its own has, noted before it is claimed. */
  readonly claim?: string;
  /** The operation that decides how it ends: its own, or one that had the very request before. */
  readonly operation?: string;
  readonly kind?: OperationKind;
  readonly outcome?: BatchOutcome;
  /** Its operation waits for a person, or has waited for one. */
  readonly needsApproval?: boolean;
  /** Of a verification: how much it has found, and how bad the worst of it is. */
  readonly findings?: number;
  readonly severity?: Severity;
  readonly error?: OperationError;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly changedTime?: string;
}

/** What an item is about, as it was accepted: a request, or a namespace as it was then. */
export interface BatchAsk extends Berth, SentAs {
  readonly request?: OnboardingRequest;
  readonly seen?: SeenNamespace;
}

/** A batch that has not ended, and who has which of its items in hand. */
export interface OpenBatch {
  readonly id: string;
  readonly acceptedTime: string;
  readonly requests: number;
  /** The first item that nobody has taken. */
  readonly next: number;
  /** By lane, the item that it took last. */
  readonly taken: Readonly<Record<string, number>>;
}

/**
 * A request from the queue whose turn has not come: another operation holds its namespace, or an earlier request waits for
 * it. Its message is deferred.
 */
export interface WaitingRequest extends Berth, SentAs {
  /** By which Service Bus gives a deferred message back; requests for a namespace go on in the order of these. */
  readonly sequenceNumber: number;
  /** The id that its operation will have. */
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly traceparent: string;
  readonly since: string;
  /** When the message's time to live is over. */
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
  /** What it could not find out, and what did not stop it. */
  readonly notices?: readonly OperationError[];
  readonly nextRetryTime?: string;
  readonly changedTime?: string;
}

export interface Page<T> {
  readonly value: readonly T[];
  /** Passed back to get the next page. */
  readonly continuation?: string;
}
