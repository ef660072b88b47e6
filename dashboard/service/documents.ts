/** Written by tools/writeDashboardTypes.ts from the OpenAPI document; change that instead. */

export type OnboardingRequest = {
  readonly cluster: string;
  readonly namespace: string;
  readonly identityMode?: "workloadIdentity" | "podIdentity";
  readonly databases: readonly {
    readonly server: string;
    readonly database: string;
    readonly roles: readonly ("reader" | "writer" | "executor" | "owner")[];
  }[];
  readonly serviceAccount?: string;
  readonly selector?: string;
  readonly adoptionPolicy?: "Never" | "IfIdentical" | "Always";
  readonly deletePolicy?: "Keep" | "Delete";
  readonly team?: string;
};

export type NamespaceOnboarding = {
  readonly apiVersion: "mooring.dev/v1alpha1";
  readonly kind: "NamespaceOnboarding";
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly annotations?: Readonly<Record<string, string>> | null;
    readonly creationTimestamp?: unknown;
    readonly deletionGracePeriodSeconds?: unknown;
    readonly deletionTimestamp?: unknown;
    readonly finalizers?: unknown;
    readonly generation?: unknown;
    readonly managedFields?: unknown;
    readonly ownerReferences?: unknown;
    readonly resourceVersion?: unknown;
    readonly selfLink?: unknown;
    readonly uid?: unknown;
  };
  readonly spec: {
    readonly cluster: string;
    readonly identityMode?: "workloadIdentity" | "podIdentity";
    readonly databases: readonly {
      readonly server: string;
      readonly database: string;
      readonly roles: readonly ("reader" | "writer" | "executor" | "owner")[];
    }[];
    readonly serviceAccount?: string;
    readonly selector?: string;
    readonly adoptionPolicy?: "Never" | "IfIdentical" | "Always";
    readonly deletePolicy?: "Keep" | "Delete";
    readonly team?: string;
  };
  readonly status?: object;
};

export type NamespaceBatchRequest =
  | {
      readonly action: "verify";
      readonly filter?: NamespaceFilter;
      readonly namespaces?: readonly { readonly cluster: string; readonly namespace: string }[];
      readonly all?: true;
    }
  | {
      readonly action: "repair";
      readonly filter?: NamespaceFilter;
      readonly namespaces?: readonly { readonly cluster: string; readonly namespace: string }[];
      readonly all?: true;
    }
  | {
      readonly action: "migrate";
      readonly to?: "workloadIdentity" | "podIdentity";
      readonly until?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
      readonly serviceAccount?: string;
      readonly selector?: string;
      readonly filter?: NamespaceFilter;
      readonly namespaces?: readonly { readonly cluster: string; readonly namespace: string }[];
      readonly all?: true;
    }
  | {
      readonly action: "offboard";
      readonly ignoreDependants?: boolean;
      readonly filter?: NamespaceFilter;
      readonly namespaces?: readonly { readonly cluster: string; readonly namespace: string }[];
      readonly all?: true;
    };

export type NamespaceFilter = {
  readonly cluster?: string;
  readonly team?: string;
  readonly state?:
    | "Onboarding"
    | "Changing"
    | "Onboarded"
    | "Offboarding"
    | "Compensating"
    | "Repairing"
    | "Migrating"
    | "Incomplete";
  readonly identityMode?: "workloadIdentity" | "podIdentity";
  readonly findings?:
    | "any"
    | "none"
    | "Info"
    | "Warning"
    | "Error"
    | "IDENTITY_MISSING"
    | "IDENTITY_REPLACED"
    | "IDENTITY_UNRECORDED"
    | "IDENTITY_TAGS_ADDED"
    | "ROLE_ADDED"
    | "ROLE_ON_TARGET"
    | "ROLES_UNSEEN"
    | "CREDENTIAL_MISSING"
    | "CREDENTIAL_CHANGED"
    | "CREDENTIAL_SURPLUS"
    | "CREDENTIAL_ADDED"
    | "USER_MISSING"
    | "USER_RENAMED"
    | "USER_ADDED"
    | "USERS_UNSEEN"
    | "USER_SID_STALE"
    | "GRANT_MISSING"
    | "GRANT_SURPLUS"
    | "GRANT_ADDED"
    | "USER_DISABLED"
    | "GRANT_DENIED"
    | "DENY_ADDED"
    | "SCHEMA_OWNED"
    | "NOT_IN_CATALOG"
    | "SQL_ADMIN_GONE"
    | "SQL_ADMIN_OTHER"
    | "OBJECT_MISSING"
    | "OBJECT_CHANGED"
    | "ACCOUNT_SURPLUS"
    | "POD_IDENTITY_SURPLUS"
    | "OBJECT_SURPLUS"
    | "MARK_MISSING"
    | "NAMESPACE_TERMINATING"
    | "NAMESPACE_RECREATED"
    | "BINDING_ADDED"
    | "SELECTOR_SHARED"
    | "UNREADABLE"
    | "LOGIN_MISCONFIGURED"
    | "LOGIN_WITHOUT_TOKEN"
    | "LOGIN_REFUSED"
    | "LOGIN_MAY_NOT_READ"
    | "LOGIN_UNREACHABLE"
    | "LOGIN_UNPROVEN";
};

export type BatchRequest = { readonly requests: readonly (OnboardingRequest | NamespaceOnboarding)[] };

export type MigrationRequest = {
  readonly to?: "workloadIdentity" | "podIdentity";
  readonly until?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
  readonly serviceAccount?: string;
  readonly selector?: string;
};

export type Plan = {
  readonly steps: readonly {
    readonly name: string;
    readonly target: string;
    readonly action: "create" | "adopt" | "update" | "none" | "keep" | "delete" | "conflict";
    readonly differences: readonly {
      readonly field: string;
      readonly current: string | null;
      readonly desired: string | null;
    }[];
    readonly blockers: readonly OperationError[];
    readonly notices?: readonly OperationError[];
  }[];
  readonly blocked: boolean;
  readonly needsApproval: readonly string[];
  readonly estimate?: Estimate;
  readonly notices?: readonly string[];
  readonly request?: OnboardingRequestOutput;
  readonly replaces?: OnboardingRequestOutput;
  readonly removes?: readonly Loss[];
  readonly etag?: string;
  readonly operation?: string;
};

export type OperationError = {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly fixParts?: FixParts;
  readonly retryable: boolean;
};

export type FixParts = readonly (string | { readonly act: string; readonly http: string })[];

export type Estimate = {
  readonly least: number;
  readonly most: number;
  readonly boundBy: readonly string[];
  readonly operationsAhead: number;
  readonly measuredSteps: number;
  readonly assumedSteps: number;
  readonly approvalMinutes?: number;
};

export type Loss = {
  readonly thing: string;
  readonly name: string;
  readonly access: readonly string[];
  readonly isWhole: boolean;
};

export type Accepted = {
  readonly id: string;
  readonly kind: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate" | "batch";
  readonly isNew: boolean;
  readonly message?: string;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly fix: string;
  readonly fixParts?: FixParts;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly traceId: string;
};

export type OperationSummary = {
  readonly id: string;
  readonly kind: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate";
  readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  readonly cluster: string;
  readonly namespace: string;
  readonly batch?: string;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly result?: {
    readonly clientId: string;
    readonly manifest: string;
    readonly migration?: {
      readonly completed?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
      readonly podsToMove: readonly string[];
    };
  };
  readonly error?: OperationError;
  readonly approval?: {
    readonly reasons: readonly string[];
    readonly approvers: readonly {
      readonly role: "Onboarding.Request" | "Onboarding.Approve" | "Onboarding.Operate";
      readonly team?: string;
    }[];
    readonly requestHash: string;
    readonly requestedTime: string;
    readonly expiresTime: string;
    readonly reminders: number;
    readonly needed?: number;
    readonly given?: readonly { readonly by: string; readonly time: string; readonly comment?: string }[];
    readonly decision?: {
      readonly kind: "approved" | "rejected" | "timedOut";
      readonly by?: string;
      readonly time: string;
      readonly comment?: string;
    };
  };
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly leftUndone?: readonly string[];
  readonly leftInPlace?: readonly string[];
  readonly stillToUndo?: { readonly undos: readonly string[]; readonly since: string; readonly error?: OperationError };
  readonly compensates?: string;
  readonly phase?: "preflight" | "awaitingApproval" | "provisioning" | "verifying" | "compensating" | "done";
  readonly etag: string;
};

export type BatchSummary = {
  readonly id: string;
  readonly kind: "batch";
  readonly action: "onboard" | "verify" | "repair" | "migrate" | "offboard";
  readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  readonly requests: number;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly error?: OperationError;
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly etag: string;
};

export type Awaiting = {
  readonly id: string;
  readonly kind: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate";
  readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  readonly cluster: string;
  readonly namespace: string;
  readonly batch?: string;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly result?: {
    readonly clientId: string;
    readonly manifest: string;
    readonly migration?: {
      readonly completed?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
      readonly podsToMove: readonly string[];
    };
  };
  readonly error?: OperationError;
  readonly approval: {
    readonly reasons: readonly string[];
    readonly approvers: readonly {
      readonly role: "Onboarding.Request" | "Onboarding.Approve" | "Onboarding.Operate";
      readonly team?: string;
    }[];
    readonly requestHash: string;
    readonly requestedTime: string;
    readonly expiresTime: string;
    readonly reminders: number;
    readonly needed?: number;
    readonly given?: readonly { readonly by: string; readonly time: string; readonly comment?: string }[];
    readonly decision?: {
      readonly kind: "approved" | "rejected" | "timedOut";
      readonly by?: string;
      readonly time: string;
      readonly comment?: string;
    };
  };
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly leftUndone?: readonly string[];
  readonly leftInPlace?: readonly string[];
  readonly stillToUndo?: { readonly undos: readonly string[]; readonly since: string; readonly error?: OperationError };
  readonly compensates?: string;
  readonly phase?: "preflight" | "awaitingApproval" | "provisioning" | "verifying" | "compensating" | "done";
  readonly etag: string;
  readonly request: OnboardingRequestOutput;
  readonly replaces?: OnboardingRequestOutput;
};

export type Operation = {
  readonly id: string;
  readonly kind: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate";
  readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  readonly cluster: string;
  readonly namespace: string;
  readonly batch?: string;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly result?: {
    readonly clientId: string;
    readonly manifest: string;
    readonly migration?: {
      readonly completed?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
      readonly podsToMove: readonly string[];
    };
  };
  readonly error?: OperationError;
  readonly approval?: {
    readonly reasons: readonly string[];
    readonly approvers: readonly {
      readonly role: "Onboarding.Request" | "Onboarding.Approve" | "Onboarding.Operate";
      readonly team?: string;
    }[];
    readonly requestHash: string;
    readonly requestedTime: string;
    readonly expiresTime: string;
    readonly reminders: number;
    readonly needed?: number;
    readonly given?: readonly { readonly by: string; readonly time: string; readonly comment?: string }[];
    readonly decision?: {
      readonly kind: "approved" | "rejected" | "timedOut";
      readonly by?: string;
      readonly time: string;
      readonly comment?: string;
    };
  };
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly leftUndone?: readonly string[];
  readonly leftInPlace?: readonly string[];
  readonly stillToUndo?: { readonly undos: readonly string[]; readonly since: string; readonly error?: OperationError };
  readonly compensates?: string;
  readonly phase: "preflight" | "awaitingApproval" | "provisioning" | "verifying" | "compensating" | "done";
  readonly etag: string;
  readonly request: OnboardingRequestOutput;
  readonly replaces?: OnboardingRequestOutput;
  readonly plan?: readonly PlannedStep[];
  readonly traceUrl?: string;
  readonly steps: readonly {
    readonly name: string;
    readonly target: string;
    readonly action?: "create" | "adopt" | "update" | "none" | "keep" | "delete" | "conflict";
    readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
    readonly attempts: number;
    readonly startTime?: string;
    readonly endTime?: string;
    readonly error?: OperationError;
    readonly notices?: readonly OperationError[];
    readonly nextRetryTime?: string;
    readonly undo?: true;
  }[];
};

export type PlannedStep = {
  readonly name: string;
  readonly target: string;
  readonly action: "create" | "adopt" | "update" | "none" | "keep" | "delete" | "conflict";
  readonly differences: readonly {
    readonly field: string;
    readonly current: string | null;
    readonly desired: string | null;
  }[];
};

export type Batch = {
  readonly id: string;
  readonly kind: "batch";
  readonly action: "onboard" | "verify" | "repair" | "migrate" | "offboard";
  readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  readonly requests: number;
  readonly requestedBy: string;
  readonly team?: string;
  readonly createdTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly traceId?: string;
  readonly error?: OperationError;
  readonly cancel?: { readonly by: string; readonly time: string; readonly comment?: string };
  readonly etag: string;
  readonly phase: "preflight" | "awaitingApproval" | "provisioning" | "verifying" | "compensating" | "done";
  readonly traceUrl?: string;
  readonly totals: {
    readonly requests: number;
    readonly notStarted: number;
    readonly running: number;
    readonly succeeded: number;
    readonly unchanged: number;
    readonly failed: number;
    readonly canceled: number;
  };
  readonly remaining?: BatchRemaining;
  readonly items: readonly {
    readonly index: number;
    readonly cluster: string;
    readonly namespace: string;
    readonly status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
    readonly operation?: string;
    readonly isOwn?: boolean;
    readonly kind?: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate";
    readonly outcome?: "onboarded" | "changed" | "unchanged" | "verified" | "repaired" | "migrated" | "offboarded";
    readonly needsApproval?: boolean;
    readonly severity?: "Info" | "Warning" | "Error";
    readonly findings?: number;
    readonly error?: OperationError;
    readonly startTime?: string;
    readonly endTime?: string;
  }[];
  readonly nextLink?: string;
};

export type BatchRemaining = { readonly seconds: number; readonly namespaces: number };

export type Decision = {
  readonly by: string;
  readonly time: string;
  readonly comment?: string;
  readonly id: string;
  readonly kind: "onboard" | "offboard" | "change" | "compensate" | "repair" | "migrate" | "batch";
  readonly decision: "approve" | "reject" | "cancel";
};

export type Namespace = {
  readonly cluster: string;
  readonly namespace: string;
  readonly state:
    | "Onboarding"
    | "Changing"
    | "Onboarded"
    | "Offboarding"
    | "Compensating"
    | "Repairing"
    | "Migrating"
    | "Incomplete";
  readonly operation: string;
  readonly requestedBy: string;
  readonly team?: string;
  readonly onboardedTime?: string;
  readonly verifiedTime?: string;
  readonly clientId?: string;
  readonly findings: readonly Finding[];
  readonly migration?: {
    readonly to?: "podIdentity";
    readonly completed?: "inventory" | "sideBySide" | "verify" | "cutOver" | "retire";
    readonly selector: string;
  };
  readonly waiting?: readonly { readonly operation: string; readonly since: string }[];
  readonly request: OnboardingRequestOutput;
  readonly identityMode: "workloadIdentity" | "podIdentity";
  readonly databases: readonly {
    readonly server: string;
    readonly database: string;
    readonly roles: readonly ("reader" | "writer" | "executor" | "owner")[];
  }[];
  readonly etag: string;
};

export type Finding = {
  readonly code:
    | "IDENTITY_MISSING"
    | "IDENTITY_REPLACED"
    | "IDENTITY_UNRECORDED"
    | "IDENTITY_TAGS_ADDED"
    | "ROLE_ADDED"
    | "ROLE_ON_TARGET"
    | "ROLES_UNSEEN"
    | "CREDENTIAL_MISSING"
    | "CREDENTIAL_CHANGED"
    | "CREDENTIAL_SURPLUS"
    | "CREDENTIAL_ADDED"
    | "USER_MISSING"
    | "USER_RENAMED"
    | "USER_ADDED"
    | "USERS_UNSEEN"
    | "USER_SID_STALE"
    | "GRANT_MISSING"
    | "GRANT_SURPLUS"
    | "GRANT_ADDED"
    | "USER_DISABLED"
    | "GRANT_DENIED"
    | "DENY_ADDED"
    | "SCHEMA_OWNED"
    | "NOT_IN_CATALOG"
    | "SQL_ADMIN_GONE"
    | "SQL_ADMIN_OTHER"
    | "OBJECT_MISSING"
    | "OBJECT_CHANGED"
    | "ACCOUNT_SURPLUS"
    | "POD_IDENTITY_SURPLUS"
    | "OBJECT_SURPLUS"
    | "MARK_MISSING"
    | "NAMESPACE_TERMINATING"
    | "NAMESPACE_RECREATED"
    | "BINDING_ADDED"
    | "SELECTOR_SHARED"
    | "UNREADABLE"
    | "LOGIN_MISCONFIGURED"
    | "LOGIN_WITHOUT_TOKEN"
    | "LOGIN_REFUSED"
    | "LOGIN_MAY_NOT_READ"
    | "LOGIN_UNREACHABLE"
    | "LOGIN_UNPROVEN";
  readonly target: string;
  readonly field: string;
  readonly expected: string | null;
  readonly found: string | null;
  readonly severity: "Info" | "Warning" | "Error";
  readonly repairable: boolean;
  readonly fix: string;
  readonly fixParts?: FixParts;
};

export type BatchPlan = {
  readonly totals: {
    readonly requests: number;
    readonly ready: number;
    readonly blocked: number;
    readonly refused: number;
    readonly notPlanned: number;
  };
  readonly estimate?: BatchEstimate;
  readonly items: readonly {
    readonly index: number;
    readonly cluster: string;
    readonly namespace: string;
    readonly status: "ready" | "blocked" | "refused" | "notPlanned";
    readonly plan?: Plan;
    readonly error?: OperationError;
  }[];
  readonly etag?: string;
};

export type BatchEstimate = {
  readonly least: number;
  readonly most: number;
  readonly boundBy: readonly string[];
  readonly lanes: number;
  readonly namespaces: number;
  readonly leftOut: {
    readonly blocked: number;
    readonly refused: number;
    readonly notPlanned: number;
    readonly awaitingApproval: number;
  };
  readonly operationsAhead: number;
  readonly measuredSteps: number;
  readonly assumedSteps: number;
  readonly approvalMinutes?: number;
};

export type Verification = {
  readonly cluster: string;
  readonly namespace: string;
  readonly verifiedTime: string;
  readonly severity?: "Info" | "Warning" | "Error";
  readonly findings: readonly Finding[];
};

export type Catalog = {
  readonly clusters: readonly {
    readonly name: string;
    readonly identityModes: readonly ("workloadIdentity" | "podIdentity")[];
  }[];
  readonly sqlServers: readonly {
    readonly name: string;
    readonly databases: readonly {
      readonly name: string;
      readonly roles: readonly ("reader" | "writer" | "executor" | "owner")[];
    }[];
  }[];
};

export type Caller = {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly ("Onboarding.Request" | "Onboarding.Approve" | "Onboarding.Operate")[];
  readonly teams: readonly {
    readonly name: string;
    readonly clusters: readonly string[];
    readonly namespaces: readonly string[];
    readonly databases?: Readonly<
      Record<string, Readonly<Record<string, readonly ("reader" | "writer" | "executor" | "owner")[]>>>
    >;
    readonly quota: number;
  }[];
};

export type AuditRecord = {
  readonly id: string;
  readonly kind: "effect" | "decision";
  readonly time: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly operation?: string;
  readonly who: string;
  readonly team?: string;
  readonly what: string;
  readonly target: string;
  readonly action: string;
  readonly outcome: string;
  readonly code?: string;
  readonly reason?: string;
  readonly differences: readonly {
    readonly field: string;
    readonly current: string | null;
    readonly desired: string | null;
  }[];
  readonly traceId?: string;
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
};

export type AuditCheck = {
  readonly valid: boolean;
  readonly entries: number;
  readonly head: string;
  readonly brokenAt?: number;
};

export type OnboardingRequestOutput = {
  readonly cluster: string;
  readonly namespace: string;
  readonly identityMode: "workloadIdentity" | "podIdentity";
  readonly databases: readonly {
    readonly server: string;
    readonly database: string;
    readonly roles: readonly ("reader" | "writer" | "executor" | "owner")[];
  }[];
  readonly serviceAccount: string;
  readonly selector?: string;
  readonly adoptionPolicy: "Never" | "IfIdentical" | "Always";
  readonly deletePolicy: "Keep" | "Delete";
  readonly team?: string;
};

/** What each operation answers when it does what it was asked. */
export interface Answers {
  createOnboarding: Plan | Accepted;
  onboardingSchema: { readonly $schema: string };
  listOperations: { readonly value: readonly (OperationSummary | BatchSummary)[]; readonly nextLink?: string };
  listApprovals: { readonly value: readonly Awaiting[]; readonly nextLink?: string };
  getOperation: Operation | Batch;
  cancelOperation: Plan | Decision;
  approveOperation: Plan | Decision;
  rejectOperation: Plan | Decision;
  compensateOperation: Plan | Accepted;
  listNamespaces: { readonly value: readonly Namespace[]; readonly nextLink?: string };
  getNamespace: Namespace;
  deleteNamespace: Plan | Accepted;
  createNamespaceBatch: BatchPlan | Accepted;
  createBatch: BatchPlan | Accepted;
  verifyNamespace: Verification;
  repairNamespace: Plan | Accepted;
  migrateNamespace: Plan | Accepted;
  eventSchema: { readonly $schema: string };
  getCatalog: Catalog;
  getCaller: Caller;
  listAudit: { readonly value: readonly AuditRecord[]; readonly nextLink?: string };
  verifyAudit: AuditCheck;
  live: {
    readonly status: "ok" | "unavailable";
    readonly reason?: string;
    readonly unreadableRows?: number;
    readonly warnings?: readonly string[];
  };
  ready: {
    readonly status: "ok" | "unavailable";
    readonly reason?: string;
    readonly unreadableRows?: number;
    readonly warnings?: readonly string[];
  };
  openapi: { readonly openapi: string };
}
