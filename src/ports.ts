/** What activities need from the world, shaped by what they do and not by any SDK. Adapters implement these. */

import type { Catalog, ClusterTarget } from "./domain/catalog/catalog.ts";
import type { AuditCheck } from "./domain/documents/audit.ts";
import type { IdempotencyRecord, KeptAnswer } from "./domain/http/idempotency.ts";
import type { Berth } from "./domain/naming/names.ts";
import type { HeldRecord, NamespaceRecord, OnboardedRecord } from "./domain/operation/namespaceRecord.ts";
import type { OperationStatus } from "./domain/operation/operation.ts";
import type {
  AnyOperation,
  BatchAsk,
  BatchItem,
  BatchRecord,
  OpenBatch,
  OperationRecord,
  Page,
  StepRecord,
  Stored,
  WaitingRequest,
} from "./domain/operation/records.ts";
import type { StepKey } from "./domain/operation/stepName.ts";
import type { Claims } from "./domain/policy/claims.ts";
import type { Serial } from "./domain/serial.ts";
import type { DatabaseTarget, EntraAdmin, SqlServerTarget } from "./domain/targets/sqlDatabase.ts";
import type { AuditEntry, AuditRecord } from "./domain/watching/audit.ts";
import type { CloudEvent } from "./domain/watching/events.ts";

export interface Ports {
  readonly catalog: Catalog;
  readonly identities: ManagedIdentities;
  readonly sqlServers: SqlServers;
  readonly roleAssignments: RoleAssignments;
  readonly databases: Databases;
  readonly kubernetes: Kubernetes;
  readonly registry: Registry;
  /** One at a time for each team, so that requests that arrive together at this service do not count past each other. */
  readonly admissions: Serial;
  readonly audit: Audit;
  readonly changes: Changes;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly events: Events;
  readonly queue: QueueMessages;
  /** Absent when the catalog takes no Entra tokens. */
  readonly tokens?: Tokens;
}

// ——— Callers (Microsoft Entra) ———

export interface Tokens {
  /** The claims of an access token for Mooring; UNAUTHENTICATED for any other, and when the keys cannot be read. */
  verify(token: string): Promise<Claims>;
}

// ——— Managed identities (ARM) ———

export interface IdentityRef {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly name: string;
}

export interface ManagedIdentity {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly principalId: string;
  readonly tenantId: string;
}

export interface FederatedCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
}

export interface ManagedIdentities {
  get(ref: IdentityRef): Promise<ManagedIdentity | undefined>;
  /** Creates the identity, or sets the tags of the one that is there. */
  put(ref: IdentityRef, settings: { location: string; tags: Record<string, string> }): Promise<ManagedIdentity>;
  /** No error when it is already gone. */
  remove(ref: IdentityRef): Promise<void>;
  /** Empty when the identity is gone. */
  federatedCredentials(ref: IdentityRef): Promise<readonly FederatedCredential[]>;
  putFederatedCredential(ref: IdentityRef, credential: FederatedCredential): Promise<void>;
  /** No error when it is already gone. */
  removeFederatedCredential(ref: IdentityRef, name: string): Promise<void>;
  /** How far apart two writes in a subscription are kept, and how long the next one would wait for its turn. */
  pace(subscriptionId: string): { readonly intervalMs: number; readonly waitMs: number };
}

// ——— Role assignments (ARM) ———

export interface RoleAssignment {
  readonly id: string;
  /** `/subscriptions/…/roleDefinitions/<guid>`. */
  readonly roleDefinitionId: string;
  /** Of who has the role: a principal, or a group that it is in. */
  readonly principalId: string;
  readonly scope: string;
}

/** Of a role: actions with `*` for anything, less those that it takes out. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface RoleAssignments {
  /** What the principal may do at a scope: assigned there or above, to itself or to a group that it is in. */
  heldAt(scope: string, principalId: string): Promise<readonly RoleAssignment[]>;
  /** What Mooring itself may do at a scope. */
  ownPermissions(scope: string): Promise<readonly Permission[]>;
  /** What was given to the principal itself, anywhere in the subscription. */
  givenTo(principalId: string, where: { readonly subscriptionId: string }): Promise<readonly RoleAssignment[]>;
}

// ——— SQL servers (ARM) ———

export interface SqlServerState {
  readonly location: string;
  readonly fullyQualifiedDomainName: string;
  /** The Microsoft Entra administrator, when one is set. */
  readonly entraAdmin: { readonly login: string; readonly objectId: string } | undefined;
  readonly databases: readonly string[];
}

export interface SqlServers {
  /** Undefined when ARM has no such server. */
  inspect(server: SqlServerTarget): Promise<SqlServerState | undefined>;
  /** Whoever the administrator is, this one is it afterwards: look before. Resolves when the server has it. */
  setEntraAdmin(server: SqlServerTarget, admin: EntraAdmin): Promise<void>;
  /** Whoever it is, the server has none afterwards. */
  removeEntraAdmin(server: SqlServerTarget): Promise<void>;
}

// ——— Databases (T-SQL) ———

export interface DatabaseUser {
  readonly name: string;
  /** sys.database_principals.type: E external user, X external group, S SQL user. */
  readonly type: string;
  /** `0x` and upper-case hex. */
  readonly sid: string;
  readonly roles: readonly string[];
  /** Database-level permissions granted directly, such as EXECUTE; CONNECT is left out. */
  readonly permissions: readonly string[];
  readonly ownedSchemas: readonly string[];
  /** CONNECT was taken from it, or denied: it exists, and cannot log in. */
  readonly isDisabled?: boolean;
  /** Permissions on objects, schemas and the like, and what it was denied; each as text. */
  readonly otherPermissions?: readonly string[];
  /** What besides schemas keeps it from being dropped: roles and objects that it owns, permissions that it granted. */
  readonly dependants?: readonly string[];
  /** When it was created; another user of the same name and SID has another time. */
  readonly createdTime?: string;
  /** The extended property `mooring` on the user, as it stands. */
  readonly mark: string | undefined;
}

export interface DatabaseState {
  /** The users with the given name or the given SID. */
  readonly users: readonly DatabaseUser[];
  /** Every database role there is. */
  readonly roles: readonly string[];
  /** Whether Mooring itself may add members to the fixed roles. */
  readonly mayChangeRoles?: boolean;
  /** Whether it may create and drop users. */
  readonly mayMakeUsers?: boolean;
  /** Whether it may grant permissions on the database, and revoke them. */
  readonly mayGrant?: boolean;
}

export type UserChange =
  | { readonly kind: "createFromSid"; readonly user: string; readonly sid: string }
  | { readonly kind: "createFromProvider"; readonly user: string; readonly objectId: string }
  | { readonly kind: "drop"; readonly user: string }
  | { readonly kind: "addRole"; readonly user: string; readonly role: string }
  | { readonly kind: "removeRole"; readonly user: string; readonly role: string }
  | { readonly kind: "grant"; readonly user: string; readonly permission: "EXECUTE" }
  | { readonly kind: "revoke"; readonly user: string; readonly permission: "EXECUTE" }
  /** Sets the extended property `mooring` on the user; undefined removes it. */
  | { readonly kind: "mark"; readonly user: string; readonly mark: string | undefined };

export interface Databases {
  /** One round trip. */
  inspect(target: DatabaseTarget, user: { name: string; sid: string | undefined }): Promise<DatabaseState>;
  /** All or nothing: one transaction, in the given order. */
  change(target: DatabaseTarget, changes: readonly UserChange[]): Promise<void>;
}

// ——— Kubernetes ———

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly [field: string]: unknown;
}

/** What one manager has set (kubernetes.io "Server-Side Apply"). */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

export interface Kubernetes {
  get(cluster: ClusterTarget, ref: ObjectRef): Promise<KubernetesObject | undefined>;
  list(
    cluster: ClusterTarget,
    query: { apiVersion: string; kind: string; namespace?: string; labelSelector?: string },
  ): Promise<readonly KubernetesObject[]>;
  /**
   * Server-side apply as field manager `mooring`, with strict field validation. A dry run writes nothing. An object with a UID
   * or a resourceVersion is applied to the one that has these, or not at all.
   */
  apply(
    cluster: ClusterTarget,
    object: KubernetesObject,
    options?: { dryRun?: boolean; force?: boolean },
  ): Promise<KubernetesObject>;
  /** Deletes the object with that UID. No error when it is gone, or when another object has its name by now. */
  remove(
    cluster: ClusterTarget,
    ref: ObjectRef,
    precondition: { uid: string },
    options?: { dryRun?: boolean },
  ): Promise<void>;
  /** Why the cluster's authorization would not let Mooring apply the object; undefined when it would, or cannot tell. */
  whyForbidden(cluster: ClusterTarget, ref: ObjectRef): Promise<string | undefined>;
  /** The kinds that the cluster serves under an apiVersion; empty when the group is not installed. */
  kinds(cluster: ClusterTarget, apiVersion: string): Promise<readonly string[]>;
  /** The issuer in the cluster's own discovery document. */
  issuer(cluster: ClusterTarget): Promise<string>;
}

// ——— Service Bus ———

export interface Events {
  publish(event: CloudEvent): Promise<void>;
}

export interface QueueMessages {
  /** Settles a message that the trigger received, by its lock token. */
  complete(lockToken: string): Promise<void>;
  deadLetter(lockToken: string, why: DeadLetterReason): Promise<void>;
  /** Sets it aside: it stays in the queue, is not delivered any more, and is known by its sequence number only. */
  defer(lockToken: string): Promise<void>;
  /** Settles a deferred message; false when it is not there any more. */
  completeDeferred(sequenceNumber: number): Promise<boolean>;
  deadLetterDeferred(sequenceNumber: number, why: DeadLetterReason): Promise<boolean>;
  /** The bodies of messages before that one which are neither settled nor deferred: on their way, or coming again. */
  undecidedBefore(sequenceNumber: number): Promise<readonly unknown[]>;
}

export interface DeadLetterReason {
  readonly reason: string;
  readonly description: string;
}

// ——— Registry (Table Storage) ———

/** Is told of a record that cannot be read, and is left out then; without it, the error is thrown. */
type Unreadable = (error: Error) => void;

export interface Registry extends Batches, WaitingRequests {
  getNamespace(berth: Berth): Promise<Stored<NamespaceRecord> | undefined>;
  listNamespaces(query: {
    cluster?: string;
    /** Only what belongs to one of these; none of them, nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<NamespaceRecord>>;
  countNamespaces(team: string): Promise<number>;
  /** Records whose state says that an operation holds them. */
  heldNamespaces(unreadable?: Unreadable): Promise<readonly Stored<HeldRecord>[]>;
  /** Onboarded, and last verified before the given time; in no order. */
  namespacesToVerify(query: { before: string }, unreadable?: Unreadable): Promise<readonly Stored<OnboardedRecord>[]>;
  /** False when a record is there already. */
  insertNamespace(record: NamespaceRecord): Promise<boolean>;
  /** False when somebody wrote since the record was read. */
  replaceNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;
  removeNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;

  /** Undefined also for a batch. */
  getOperation(id: string): Promise<Stored<OperationRecord> | undefined>;
  /** Of a namespace or of a batch. */
  findOperation(id: string): Promise<Stored<OperationRecord> | Stored<BatchRecord> | undefined>;
  /** Newest first; batches too, unless a namespace is asked for. */
  listOperations(query: {
    cluster?: string;
    namespace?: string;
    status?: OperationStatus;
    kind?: AnyOperation["kind"];
    /** Written at that time or later, by the table's own clock; as `changedTime` has it. */
    changedSince?: string;
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AnyOperation>>;
  /** Does nothing when the operation is recorded already. */
  insertOperation(record: OperationRecord): Promise<void>;
  updateOperation(
    id: string,
    changes: Partial<Pick<OperationRecord, "status" | "startTime" | "endTime" | "result" | "error">>,
  ): Promise<void>;
  /** Writes the changes; false when somebody wrote since the record was read. Decisions go this way. */
  amendOperation(record: Stored<OperationRecord>, changes: Partial<OperationRecord>): Promise<boolean>;

  listSteps(operation: string): Promise<readonly StepRecord[]>;
  getStep(operation: string, step: StepKey): Promise<StepRecord | undefined>;
  /** Records a try of the step as Running and returns how many there were, this one included. */
  startStep(operation: string, step: StepKey, startTime: string): Promise<number>;
  updateStep(operation: string, step: StepKey, changes: Partial<Omit<StepRecord, "name" | "target">>): Promise<void>;

  /** Throws when the tables do not answer. */
  probe(): Promise<void>;
}

export interface Batches {
  /** Accepted when it returns: the record comes last, and what it needs is there by then. Twice is as once. */
  insertBatch(record: BatchRecord, asked: readonly BatchAsk[]): Promise<void>;
  getBatch(id: string): Promise<Stored<BatchRecord> | undefined>;
  /** False when somebody wrote since the record was read. */
  amendBatch(record: Stored<BatchRecord>, changes: Partial<BatchRecord>): Promise<boolean>;

  /** Those that have not ended. One without a record was not accepted, or is being accepted. */
  openBatches(): Promise<readonly Stored<OpenBatch>[]>;
  getOpenBatch(id: string): Promise<Stored<OpenBatch> | undefined>;
  replaceOpenBatch(record: Stored<OpenBatch>): Promise<boolean>;
  closeBatch(id: string): Promise<void>;

  getBatchItem(batch: string, index: number): Promise<Stored<BatchItem & BatchAsk> | undefined>;
  /** Changes the item as it was read; false when somebody else was first. */
  amendBatchItem(batch: string, item: Stored<BatchItem>, changes: Partial<BatchItem>): Promise<boolean>;
  /** In their order, without what they ask. */
  listBatchItems(batch: string, query?: { status: OperationStatus }): Promise<readonly BatchItem[]>;
  updateBatchItems(
    batch: string,
    changes: readonly { readonly index: number; readonly changes: Partial<BatchItem> }[],
  ): Promise<void>;
}

/** Requests from the queue that wait for their namespace. */
export interface WaitingRequests {
  /** Of one namespace, in their order. */
  waitingFor(berth: Berth): Promise<readonly WaitingRequest[]>;
  /** Of all namespaces, without the requests. */
  listWaiting(): Promise<readonly Omit<WaitingRequest, "request">[]>;
  /** Does nothing when it waits already. */
  insertWaiting(record: WaitingRequest): Promise<void>;
  removeWaiting(record: Pick<WaitingRequest, "cluster" | "namespace" | "sequenceNumber">): Promise<void>;
}

/** That something was written to the registry by this process; another process's writes are found by looking. */
export interface Changes {
  /** Resolves at the next write, or after that time. */
  wait(ms: number): Promise<void>;
}

/** What all instances of the service together may do only so often. */
export interface Turns {
  /** Takes that many turns which nobody else has, one after the other; gives the milliseconds from now to the first. */
  take(kind: string, turns: { readonly count: number; readonly intervalMs: number }): Promise<number>;
}

// ——— Idempotency keys (Table Storage) ———

type KeyOfCaller = Pick<IdempotencyRecord, "caller" | "key">;

export interface IdempotencyKeys {
  find(key: KeyOfCaller): Promise<Stored<IdempotencyRecord> | undefined>;
  /** False when the key is there already. */
  insert(record: IdempotencyRecord): Promise<boolean>;
  /** False when somebody wrote since the record was read. */
  replace(record: Stored<IdempotencyRecord>): Promise<boolean>;
  answer(key: KeyOfCaller, answer: KeptAnswer): Promise<void>;
  release(key: KeyOfCaller): Promise<void>;
  /** Says that it was claimed then. */
  expire(key: KeyOfCaller, claimedTime: string): Promise<void>;
  /** Removes keys that were claimed before that time, at most so many, and says how many. One that is claimed again stays. */
  removeClaimedBefore(time: string, most: number): Promise<number>;
}

// ——— Audit trail (Table Storage) ———

export interface Audit {
  /** Appends the entry to the chain; does nothing when an entry of its id is there. */
  append(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  read(query: {
    cluster?: string;
    namespace?: string;
    operation?: string;
    /** Only what belongs to one of these; none of them, nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AuditRecord>>;
  /** Reads the whole chain; `brokenAt` is the sequence of the newest record that is not as it was written. */
  verify(): Promise<AuditCheck>;
}

// ——— What writes ———

/**
 * What a call does to what teams have: a write is held back once nobody wants the operation any more. What Mooring notes for
 * itself (rows, events, audit entries) is no write in this sense, and a dry run asks only.
 */
export type PortEffect = "reads" | "writes" | "writesUnlessDryRun" | "notes";
export type EffectsOf<Port> = { readonly [Method in keyof Port]: PortEffect };
type PortsWithMethods = Omit<Ports, "catalog" | "tokens" | "admissions">;

/** Every method of every port: one that is missing here does not compile. */
export const portEffects: { readonly [Port in keyof PortsWithMethods]: EffectsOf<PortsWithMethods[Port]> } = {
  identities: {
    get: "reads",
    put: "writes",
    remove: "writes",
    federatedCredentials: "reads",
    putFederatedCredential: "writes",
    removeFederatedCredential: "writes",
    pace: "reads",
  },
  sqlServers: { inspect: "reads", setEntraAdmin: "writes", removeEntraAdmin: "writes" },
  roleAssignments: { heldAt: "reads", ownPermissions: "reads", givenTo: "reads" },
  databases: { inspect: "reads", change: "writes" },
  kubernetes: {
    get: "reads",
    list: "reads",
    apply: "writesUnlessDryRun",
    remove: "writesUnlessDryRun",
    whyForbidden: "reads",
    kinds: "reads",
    issuer: "reads",
  },
  registry: {
    getNamespace: "reads",
    listNamespaces: "reads",
    countNamespaces: "reads",
    heldNamespaces: "reads",
    namespacesToVerify: "reads",
    insertNamespace: "notes",
    // What a cut over changes.
    replaceNamespace: "writes",
    removeNamespace: "notes",
    getOperation: "reads",
    findOperation: "reads",
    listOperations: "reads",
    insertOperation: "notes",
    updateOperation: "notes",
    amendOperation: "notes",
    listSteps: "reads",
    getStep: "reads",
    startStep: "notes",
    updateStep: "notes",
    probe: "reads",
    insertBatch: "notes",
    getBatch: "reads",
    amendBatch: "notes",
    openBatches: "reads",
    getOpenBatch: "reads",
    replaceOpenBatch: "notes",
    closeBatch: "notes",
    getBatchItem: "reads",
    amendBatchItem: "notes",
    listBatchItems: "reads",
    updateBatchItems: "notes",
    waitingFor: "reads",
    listWaiting: "reads",
    insertWaiting: "notes",
    removeWaiting: "notes",
  },
  audit: { append: "notes", read: "reads", verify: "reads" },
  changes: { wait: "reads" },
  idempotencyKeys: {
    find: "reads",
    insert: "notes",
    replace: "notes",
    answer: "notes",
    release: "notes",
    expire: "notes",
    removeClaimedBefore: "notes",
  },
  events: { publish: "notes" },
  queue: {
    complete: "notes",
    deadLetter: "notes",
    defer: "notes",
    completeDeferred: "notes",
    deadLetterDeferred: "notes",
    undecidedBefore: "reads",
  },
};
