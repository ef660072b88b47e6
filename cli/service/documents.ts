/** What the service answers, as far as this program reads it; /api/openapi.json has all of it. Times are RFC 3339. */
import type { FindingDocument, Severity } from "../../src/domain/finding.ts";
import type { AnyKind, BatchOutcome, BatchTotals } from "../../src/domain/operation/batch.ts";
import type { Migration } from "../../src/domain/operation/migration.ts";
import type { NamespaceState } from "../../src/domain/operation/namespaceState.ts";
import type { OperationError, OperationStatus, Phase, StepAction } from "../../src/domain/operation/operation.ts";
import type { Approval } from "../../src/domain/policy/approval.ts";
import type { IdentityMode, OnboardingRequest } from "../../src/domain/request/request.ts";
import type { RoleBundle } from "../../src/domain/targets/roleBundles.ts";
import type { DatabaseRequest } from "../../src/domain/targets/sqlDatabase.ts";

export interface Step {
  readonly name: string;
  readonly target: string;
  readonly action?: StepAction;
  readonly status: OperationStatus;
  readonly attempts: number;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly error?: OperationError;
  readonly notices?: readonly OperationError[];
  readonly nextRetryTime?: string;
}

/** One namespace of a batch. */
export interface Item {
  readonly index: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly status: OperationStatus;
  readonly operation?: string;
  readonly outcome?: BatchOutcome;
  readonly error?: OperationError;
  readonly startTime?: string;
  readonly endTime?: string;
}

export interface OperationSummary {
  readonly id: string;
  readonly kind: AnyKind;
  readonly status: OperationStatus;
  /** Absent of a batch. */
  readonly cluster?: string;
  readonly namespace?: string;
  readonly batch?: string;
  /** How many a batch has. */
  readonly requests?: number;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly error?: OperationError;
  readonly result?: { readonly clientId?: string };
  readonly approval?: Approval;
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly leftUndone?: readonly string[];
}

export interface Operation extends OperationSummary {
  readonly phase: Phase;
  readonly request?: OnboardingRequest;
  readonly replaces?: OnboardingRequest;
  readonly steps?: readonly Step[];
  readonly totals?: BatchTotals;
  readonly items?: readonly Item[];
  readonly nextLink?: string;
}

export interface Namespace {
  readonly cluster: string;
  readonly namespace: string;
  readonly state: NamespaceState;
  readonly operation: string;
  readonly requestedBy: string;
  readonly team?: string;
  readonly onboardedTime?: string;
  readonly verifiedTime?: string;
  readonly clientId?: string;
  readonly findings: readonly FindingDocument[];
  readonly migration?: Pick<Migration, "completed" | "selector">;
  readonly identityMode: IdentityMode;
  readonly databases: readonly DatabaseRequest[];
}

export interface Accepted {
  readonly id: string;
  readonly kind: AnyKind;
  readonly isNew?: boolean;
  readonly message?: string;
}

export interface Verification {
  readonly cluster: string;
  readonly namespace: string;
  readonly verifiedTime: string;
  readonly severity?: Severity;
  readonly findings: readonly FindingDocument[];
}

export interface CatalogDocument {
  readonly clusters: readonly { readonly name: string; readonly identityModes: readonly IdentityMode[] }[];
  readonly sqlServers: readonly {
    readonly name: string;
    readonly databases: readonly { readonly name: string; readonly roles: readonly RoleBundle[] }[];
  }[];
}

export interface Page<T> {
  readonly value: readonly T[];
  readonly nextLink?: string;
}
