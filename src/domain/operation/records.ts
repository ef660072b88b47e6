/** What the registry keeps of namespaces, operations, batches and steps. Times are RFC 3339. */

import type { Caller } from "../access/caller.ts";
import type { Finding } from "../finding.ts";
import type { Berth } from "../naming/names.ts";
import type { Approval } from "../policy/approval.ts";
import type { OnboardingRequest } from "../request/request.ts";
import type { BatchOutcome, BatchTotals } from "./batch.ts";
import type { Migration } from "./migration.ts";
import type { NamespaceState } from "./namespaceState.ts";
import type { OperationError, OperationKind, OperationStatus, StepAction } from "./operation.ts";
import type { OperationResult } from "./operationResult.ts";
import type { Difference } from "./plan.ts";

/** `cluster/namespace` as Mooring keeps it: the gate that lets one operation at a time run for a namespace. */
export interface NamespaceRecord extends Berth {
  readonly state: NamespaceState;
  /** The operation that holds the namespace, or the last that did. */
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly requestHash: string;
  readonly requestedBy: string;
  /** Whose it is: the first team that onboarded it. Absent in what operators did for no team. */
  readonly team?: string;
  /** UID of the Kubernetes namespace that was onboarded: one of the same name made later is not the same. */
  readonly namespaceUid?: string;
  /** RFC 3339, as every time here. */
  readonly acceptedTime: string;
  /** W3C trace context of the request that was accepted. */
  readonly traceparent?: string;
  readonly onboardedTime?: string;
  readonly verifiedTime?: string;
  readonly clientId?: string;
  /** The operation that brought it to its request. */
  readonly onboardedBy?: string;
  /** What the last look found that is not as it was asked for. */
  readonly findings?: readonly Finding[];
  /** When it was last looked at, also in vain; `verifiedTime` is the last look that saw everything. */
  readonly lookedTime?: string;
  /** The last repair that nobody asked for, so that one in vain is not repeated with every look. */
  readonly repairTried?: { readonly findings: string; readonly time: string };
  /** A migration that is under way, or stopped between two phases. */
  readonly migration?: Migration;
  /** A request whose traces may be there besides `request`: what a change replaces, until it is gone. */
  readonly earlier?: OnboardingRequest;
  /** What the record was before the operation that holds it: restored when the operation is undone. */
  readonly previous?: PreviousRecord;
  /** Of a compensation: what it runs again, for which operation. */
  readonly compensates?: Compensated;
  /** The batch that the operation belongs to, and whether a lane of it starts the operation: then nobody else may. */
  readonly batch?: { readonly operation: string; readonly isStarter: boolean } | undefined;
  readonly offboarding?: Offboarding;
}

export interface Offboarding {
  /** It goes on although others depend on what it removes. */
  readonly ignoreDependants: boolean;
  /** What the record said before: restored when the offboarding removes nothing. */
  readonly before: Pick<NamespaceRecord, "state" | "operation" | "requestedBy" | "acceptedTime" | "traceparent">;
}

export type PreviousRecord = Pick<
  NamespaceRecord,
  | "state"
  | "operation"
  | "request"
  | "requestHash"
  | "requestedBy"
  | "acceptedTime"
  | "earlier"
  | "team"
  | "namespaceUid"
> & {
  /** Of one that ended half-way: what it would have restored, and a compensation of it still has to. */
  readonly previous?: PreviousRecord;
};

export interface Compensated {
  /** The operation that was asked to be compensated. */
  readonly of: string;
  /** The operation that created what is left. */
  readonly createdBy: string;
  /** Names of undos, in the order in which they run. */
  readonly undos: readonly string[];
  /** Of a migration: what its undos need, and what the record goes back to. */
  readonly migrating?: CompensatedMigration;
}

export interface CompensatedMigration {
  /** What the namespace was onboarded with when the migration began. */
  readonly request: OnboardingRequest;
  readonly clientId: string;
  /** `completed` is how far it has come when nothing is left undone. */
  readonly migration: Migration;
}

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
  /** The batch that it belongs to. */
  readonly batch?: string;
  /** The migration that it is, or that was under way when an offboarding began. */
  readonly migration?: Migration;
  readonly result?: OperationResult;
  /** Set when the request needs a second pair of eyes. */
  readonly approval?: Approval;
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
  readonly requests: number;
  /** Once it has ended. */
  readonly result?: BatchTotals;
}

export type AnyOperation = OperationRecord | BatchRecord;

/** One request of a batch. */
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
  readonly error?: OperationError;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly changedTime?: string;
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
