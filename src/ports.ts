/** What activities need from the outside world, shaped by their work and not by any SDK. Adapters implement these. */

import type { Catalog, ClusterTarget } from "./domain/catalog/catalog.ts";
import type { AuditCheck } from "./domain/documents/audit.ts";
import type { IdempotencyRecord, KeptAnswer } from "./domain/http/idempotency.ts";
import type { PrincipalId } from "./domain/naming/identityPair.ts";
import type { Berth } from "./domain/naming/names.ts";
import type { SentMessage } from "./domain/naming/operationId.ts";
import type { FreeRecord, HeldRecord, NamespaceRecord, OnboardedRecord } from "./domain/operation/namespaceRecord.ts";
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
import type { CosmosGrant } from "./domain/targets/cosmos.ts";
import type { PostgresPlace, PostgresRight } from "./domain/targets/postgres.ts";
import type { DatabaseTarget, EntraAdmin, SqlServerTarget } from "./domain/targets/sqlDatabase.ts";
import type { AuditEntry, AuditRecord } from "./domain/watching/audit.ts";
import type { CloudEvent } from "./domain/watching/events.ts";

export interface Ports {
  readonly catalog: Catalog;
  readonly identities: ManagedIdentities;
  readonly identityBindings: IdentityBindings;
  readonly sqlServers: SqlServers;
  readonly roleAssignments: RoleAssignments;
  readonly cosmosRoles: CosmosRoles;
  readonly azureResources: AzureResources;
  readonly databases: Databases;
  readonly postgres: PostgresRoles;
  readonly kubernetes: Kubernetes;
  readonly issuers: Issuers;
  readonly registry: Registry;
  /** One at a time for each team, so that concurrent requests to this service cannot together exceed the quota. */
  readonly admissions: Serial;
  readonly audit: Audit;
  readonly changes: Changes;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly events: Events;
  readonly queue: QueueMessages;
  /** Absent if the catalog accepts no Entra tokens. */
  readonly tokens?: Tokens;
}

// ——— Callers (Microsoft Entra) ———

export interface Tokens {
  /** The claims of an access token for Mooring; UNAUTHENTICATED for any other token, and if the keys cannot be read. */
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
  /** Empty if the resource group is gone. */
  listIn(place: Omit<IdentityRef, "name">): Promise<readonly ManagedIdentity[]>;
  /** Creates the identity, or sets the tags of the existing one. */
  put(ref: IdentityRef, settings: { location: string; tags: Record<string, string> }): Promise<ManagedIdentity>;
  /** No error if it is already gone. */
  remove(ref: IdentityRef): Promise<void>;
  /** Empty if the identity is gone. */
  federatedCredentials(ref: IdentityRef): Promise<readonly FederatedCredential[]>;
  putFederatedCredential(ref: IdentityRef, credential: FederatedCredential): Promise<void>;
  /** No error if it is already gone. */
  removeFederatedCredential(ref: IdentityRef, name: string): Promise<void>;
  /** The interval between two writes in a subscription, and how long the next one would wait for its turn. */
  pace(subscriptionId: string): { readonly intervalMs: number; readonly waitMs: number };
}

// ——— Identity bindings of AKS (ARM) ———

/** A binding by its place: the resource ID of the cluster, and the binding's name. */
export interface BindingRef {
  readonly clusterId: string;
  readonly name: string;
}

export interface IdentityBinding {
  readonly name: string;
  /** The resource ID of the identity. */
  readonly identityId: string;
  /** As the binding has it: that of an earlier identity of the name, if the identity was made again. */
  readonly clientId: string | undefined;
  /** Whether it has been made whole. */
  readonly isReady: boolean;
}

/** IDENTITY_BINDING_UNAVAILABLE where the subscription does not have the API. */
export interface IdentityBindings {
  get(ref: BindingRef): Promise<IdentityBinding | undefined>;
  /** Empty if there is no such cluster. */
  listAt(clusterId: string): Promise<readonly IdentityBinding[]>;
  /** Resolves when the binding is ready. Azure also gives the identity a credential of its own for all its bindings. */
  put(ref: BindingRef, binding: { readonly identityId: string }): Promise<void>;
  /** Resolves when it is gone; no error if it already is. The identity's credential stays. */
  remove(ref: BindingRef): Promise<void>;
}

// ——— Role assignments (ARM) ———

export interface RoleAssignment {
  readonly id: string;
  /** `/subscriptions/…/roleDefinitions/<guid>`. */
  readonly roleDefinitionId: string;
  /** The holder of the role: a principal, or a group that it is in. */
  readonly principalId: string;
  readonly scope: string;
  /** Whoever made it may have said why, and may have limited it. */
  readonly description?: string;
  readonly condition?: string;
  /** Distinguishes it from a later one of the same name. */
  readonly createdTime?: string;
}

/** An assignment by its place: the scope at which it is made, and the GUID that is its name. */
export interface AssignmentRef {
  readonly scope: string;
  readonly name: string;
}

/** What a role permits: its actions, in which `*` stands for anything, minus `notActions`. */
export interface Permission {
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
}

export interface RoleAssignments {
  /** The principal's assignments that apply at a scope: made there or above, to itself or to a group that it is in. */
  heldAt(scope: string, principalId: string): Promise<readonly RoleAssignment[]>;
  /** What Mooring itself may do at a scope. */
  ownPermissions(scope: string): Promise<readonly Permission[]>;
  /** Assignments to the principal itself, anywhere in the subscription. */
  givenTo(principalId: string, where: { readonly subscriptionId: string }): Promise<readonly RoleAssignment[]>;
  /** Assignments at this very scope, whoever holds them; empty if what has the scope is gone. */
  madeAt(scope: string): Promise<readonly RoleAssignment[]>;
  get(ref: AssignmentRef): Promise<RoleAssignment | undefined>;
  /**
   * Gives a managed identity the role, by the GUID of its definition, without a condition. Of an assignment that exists, only the
   * description and the condition change.
   */
  put(
    ref: AssignmentRef,
    given: { readonly roleId: string; readonly principalId: PrincipalId; readonly description: string },
  ): Promise<void>;
  /** No error when it is already gone. */
  remove(ref: AssignmentRef): Promise<void>;
  /** How many assignments the subscription has, and how many it can have. */
  usage(subscriptionId: string): Promise<{ readonly made: number; readonly limit: number }>;
}

// ——— Roles of Cosmos DB accounts (ARM) ———

export interface CosmosAssignment extends CosmosGrant {
  /** A GUID, which nobody can change. */
  readonly name: string;
}

export interface CosmosRoles {
  /** Everybody's in the account, at any scope; none if it is gone. */
  assignmentsIn(accountId: string): Promise<readonly CosmosAssignment[]>;
  /** Resolves when the account has the assignment. */
  assign(accountId: string, assignment: CosmosAssignment & { readonly principalId: PrincipalId }): Promise<void>;
  /** Resolves when the account no longer has it. No error when it is already gone. */
  remove(accountId: string, name: string): Promise<void>;
}

// ——— Any resource in Azure (ARM) ———

export interface AzureResource {
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Lock {
  readonly id: string;
  readonly level: string;
}

export interface AzureResources {
  /** Undefined if ARM has no such resource. */
  find(resourceId: string, apiVersion: string): Promise<AzureResource | undefined>;
  /** The management locks that apply at the scope: there, or above. */
  locksAt(scope: string): Promise<readonly Lock[]>;
}

// ——— SQL servers (ARM) ———

export interface SqlServerState {
  readonly location: string;
  readonly fullyQualifiedDomainName: string;
  /** The Microsoft Entra administrator, if one is set. */
  readonly entraAdmin: { readonly login: string; readonly objectId: string } | undefined;
  readonly databases: readonly string[];
}

export interface SqlServers {
  /** Undefined if ARM has no such server. */
  inspect(server: SqlServerTarget): Promise<SqlServerState | undefined>;
  /** Replaces any administrator, so look first. Resolves when the server has the new one. */
  setEntraAdmin(server: SqlServerTarget, admin: EntraAdmin): Promise<void>;
  /** Removes any administrator, so look first. */
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
  /** CONNECT was revoked or denied: the user exists but cannot log in. */
  readonly isDisabled?: boolean;
  /** Permissions on objects, schemas and the like, and denials; each as text. */
  readonly otherPermissions?: readonly string[];
  /** What keeps it from being dropped, apart from schemas: roles and objects that it owns, permissions that it granted. */
  readonly dependants?: readonly string[];
  /** When it was created: distinguishes it from another user with the same name and SID. */
  readonly createdTime?: string;
  /** The extended property `mooring` on the user, verbatim. */
  readonly mark: string | undefined;
}

export interface DatabaseState {
  /** The users with the given name or the given SID. */
  readonly users: readonly DatabaseUser[];
  /** Every role in the database. */
  readonly roles: readonly string[];
  /** The name of Mooring's own user. */
  readonly self?: string;
  /** The roles, besides the fixed ones, whose members Mooring may change. */
  readonly changeableRoles?: readonly string[];
  /** What those roles that are not fixed were granted on the database and its schemas: `SELECT`, `SELECT ON SCHEMA sales`. */
  readonly rolePermissions?: Readonly<Record<string, readonly string[]>>;
  /** Whether Mooring itself may add members to the fixed roles. */
  readonly mayChangeRoles?: boolean;
  /** Whether it sees who is in a role, and what a user owns. */
  readonly seesDefinitions?: boolean;
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

/** A member of a role of Mooring's own. */
export interface RoleMember {
  readonly role: string;
  /** Its name. */
  readonly member: string;
  readonly sid: string;
  readonly mark: string | undefined;
  /** Whether it is Mooring's own user. */
  readonly isSelf: boolean;
}

export interface Databases {
  /** One round trip. */
  inspect(target: DatabaseTarget, user: { name: string; sid: string | undefined }): Promise<DatabaseState>;
  /** Who is in the roles of Mooring's own; nobody where the database has none. */
  ownRoleMembers(target: DatabaseTarget): Promise<readonly RoleMember[]>;
  /** All or nothing: one transaction, in the given order. */
  change(target: DatabaseTarget, changes: readonly UserChange[]): Promise<void>;
}

// ——— PostgreSQL ———

export interface PostgresRole {
  readonly name: string;
  /** Distinguishes it from a later role of the same name. */
  readonly id: string;
  /** The principal ID of whom Microsoft Entra lets in as this role; undefined for a role that only PostgreSQL knows. */
  readonly principalId: string | undefined;
  readonly canLogIn: boolean;
  readonly comment: string | undefined;
  /** The databases in which it owns something or has rights of its own. */
  readonly databases: readonly string[];
}

/** A database and a schema, seen from one role. */
export interface PostgresSchema {
  readonly databaseOwner: string;
  /** Who owns tables there, or may make some; Mooring can act for those that it is a member of, or may administer. */
  readonly owners: readonly { readonly name: string; readonly isActedFor: boolean }[];
  /** What the role has on everything, each directly: what it has by PUBLIC or another role does not count. */
  readonly held: readonly PostgresRight[];
  /** What it has on a part of the tables or sequences, or not on those to come. */
  readonly heldPartly: readonly PostgresRight[];
  /** What the role owns in the schema: `table sales.orders`. */
  readonly owned: readonly string[];
}

export interface PostgresState {
  /** The role with the name, and any other that lets the identity in. */
  readonly roles: readonly PostgresRole[];
  /** Undefined if the server has no such database, or the database no such schema. */
  readonly schema: PostgresSchema | undefined;
}

/** The access that a role has by its mark, by the operation that gave it. */
export type PostgresNotes = Readonly<Record<string, string>>;

export interface PostgresRoles {
  inspect(
    place: PostgresPlace,
    who: { readonly role: string; readonly principalId: PrincipalId | undefined },
  ): Promise<PostgresState>;
  /** Makes the role for the identity, with the comment. Does nothing if there is one of that name. */
  create(
    place: PostgresPlace,
    role: { readonly role: string; readonly principalId: PrincipalId; readonly comment: string },
  ): Promise<void>;
  /**
   * Adds notes to the mark in the role's comment, or takes some out; `base` replaces a comment that is no mark. Safe against others
   * who do the same. `leavesUnless`: with the last note that begins so, the right to connect to the place's database goes, too; only
   * whoever takes out the last note knows that it is the last. Returns how many notes the mark has then.
   */
  amendNotes(
    place: PostgresPlace,
    change: {
      readonly role: string;
      readonly base: string | undefined;
      readonly add?: PostgresNotes;
      readonly remove?: readonly string[];
      readonly leavesUnless?: string | undefined;
    },
  ): Promise<number>;
  /** Gives rights on the schema: all or nothing. `owners`: whose tables to come are included. */
  grant(place: PostgresPlace, given: PostgresRights): Promise<void>;
  /** Takes them back. With CREATE, what the role owns in the schema gets the database's owner. */
  revoke(place: PostgresPlace, taken: PostgresRights): Promise<void>;
  /**
   * Gives everything that the role owns in these databases to their owners, ends its rights there, and drops it. Does nothing if
   * there is another role of its name meanwhile, or if its mark has a note.
   */
  drop(place: PostgresPlace, dropped: DroppedRole): Promise<void>;
  /** The same whatever the mark says, and makes a role of its name for another identity in its place. */
  replace(
    place: PostgresPlace,
    replaced: DroppedRole & { readonly principalId: PrincipalId; readonly comment: string },
  ): Promise<void>;
  /** Removes the comment. */
  removeComment(place: PostgresPlace, role: string): Promise<void>;
}

export interface DroppedRole {
  readonly role: string;
  /** As it was seen. */
  readonly id: string;
  readonly databases: readonly string[];
}

export interface PostgresRights {
  readonly role: string;
  readonly rights: readonly PostgresRight[];
  readonly owners: readonly string[];
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
    readonly finalizers?: readonly string[];
    readonly managedFields?: readonly ManagedFields[];
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly [field: string]: unknown;
}

/** What an object is, and nothing of what it contains. */
export type ObjectMetadata = Pick<KubernetesObject, "apiVersion" | "kind" | "metadata">;

export interface NamespacedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface NamespacedKinds {
  readonly kinds: readonly NamespacedKind[];
  /** API versions whose server does not answer: `metrics.example/v1`. What they have is not known. */
  readonly unanswered: readonly string[];
}

/** The fields that one manager has set (kubernetes.io "Server-Side Apply"). */
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
   * Server-side apply as field manager `mooring`, with strict field validation. A dry run writes nothing. If the object has a UID
   * or a resourceVersion, the one in the cluster must match it, or nothing is applied.
   */
  apply(
    cluster: ClusterTarget,
    object: KubernetesObject,
    options?: { dryRun?: boolean; force?: boolean },
  ): Promise<KubernetesObject>;
  /** What the deletion of a namespace would delete in it: every namespaced kind that can be listed and deleted. */
  namespacedKinds(cluster: ClusterTarget): Promise<NamespacedKinds>;
  /** The same as `list`, without the objects' contents: the API server does not send them. */
  listMetadata(
    cluster: ClusterTarget,
    query: NamespacedKind & { readonly namespace: string },
  ): Promise<readonly ObjectMetadata[]>;
  /**
   * Deletes the object with that UID; with a resourceVersion, only as it was then. No error if it is gone, or if another object
   * now has its name. Returns it if it is still there: it is being deleted, and something holds it.
   */
  remove(
    cluster: ClusterTarget,
    ref: ObjectRef,
    precondition: { uid: string; resourceVersion?: string },
    options?: { dryRun?: boolean },
  ): Promise<KubernetesObject | undefined>;
  /** Why the cluster's authorization would not let Mooring apply the object; undefined if it would, or if it cannot tell. */
  whyForbidden(cluster: ClusterTarget, ref: ObjectRef): Promise<string | undefined>;
  /** Whether the cluster's authorization would let a service account do this, which need not be a call to the API server. */
  mayDo(
    cluster: ClusterTarget,
    account: { readonly namespace: string; readonly name: string },
    act: { readonly verb: string; readonly group: string; readonly resource: string },
  ): Promise<boolean>;
  /** The kinds that the cluster serves under an apiVersion; empty if the group is not installed. */
  kinds(cluster: ClusterTarget, apiVersion: string): Promise<readonly string[]>;
  /** The issuer in the cluster's own discovery document. */
  issuer(cluster: ClusterTarget): Promise<string>;
  /** The keys with which the cluster verifies tokens of its service accounts; it signs with one of them. */
  signingKeys(cluster: ClusterTarget): Promise<readonly SigningKey[]>;
}

// ——— Issuers (OpenID Connect Discovery) ———

/** A public key of a JWKS, as far as it matters here. */
export interface SigningKey {
  readonly id: string | undefined;
  /** `RSA`, `EC`. */
  readonly type: string;
}

/** What an issuer publishes at its own address, from which Microsoft Entra verifies the tokens of a cluster. */
export interface PublishedIssuer {
  /** By its discovery document. */
  readonly issuer: string;
  readonly keys: readonly SigningKey[];
  /** Whether Mooring's network finds the issuer only at addresses that the internet does not route. */
  readonly isPrivate: boolean;
}

export interface Issuers {
  /** Reads the issuer of a cluster, which errors name by its alias, as anyone on Mooring's network reads it. */
  read(issuer: string, cluster: Pick<ClusterTarget, "alias">): Promise<PublishedIssuer>;
}

// ——— Service Bus ———

export interface Events {
  publish(event: CloudEvent): Promise<void>;
}

export interface QueueMessages {
  /** Settles a message that the trigger received, by its lock token. */
  complete(lockToken: string): Promise<void>;
  deadLetter(lockToken: string, why: DeadLetterReason): Promise<void>;
  /** Sets it aside: it stays in the queue, is no longer delivered, and can be retrieved only by its sequence number. */
  defer(lockToken: string): Promise<void>;
  /** Settles a deferred message; false if it is gone. */
  completeDeferred(sequenceNumber: number): Promise<boolean>;
  deadLetterDeferred(sequenceNumber: number, why: DeadLetterReason): Promise<boolean>;
  /** The bodies of earlier messages that are neither settled nor deferred, so will be delivered for the first time or again. */
  undecidedBefore(sequenceNumber: number): Promise<readonly unknown[]>;
  /** The deferred among the next messages of the queue, from that number on; `next` is where the others begin, if there are any. */
  deferredFrom(
    sequenceNumber: number,
  ): Promise<{ readonly messages: readonly DeferredMessage[]; readonly next?: number }>;
}

export interface DeferredMessage extends SentMessage {
  readonly expiresTime: Date;
  readonly body: unknown;
  /** Its application properties. */
  readonly properties: unknown;
}

export interface DeadLetterReason {
  readonly reason: string;
  readonly description: string;
}

// ——— Registry (Table Storage) ———

/**
 * A record that cannot be read fails what asks for it alone, with RECORD_UNREADABLE. Lists of namespaces, operations, open batches
 * and waiting requests leave it out, so that it hides no other; the registry writes it to the log and counts it.
 */
export interface Registry extends Batches, WaitingRequests {
  getNamespace(berth: Berth): Promise<Stored<NamespaceRecord> | undefined>;
  listNamespaces(query: {
    cluster?: string;
    /** Only what belongs to one of these teams; an empty list matches nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<NamespaceRecord>>;
  countNamespaces(team: string): Promise<number>;
  /** Records whose state says that an operation holds them. */
  heldNamespaces(): Promise<readonly Stored<HeldRecord>[]>;
  /** Onboarded, and last verified before the given time; in no particular order. */
  namespacesToVerify(query: { before: string }): Promise<readonly Stored<OnboardedRecord>[]>;
  /** Access of these namespaces ends before the given time, or a look has found so; no operation holds them. In no particular order. */
  namespacesEnding(query: { before: string }): Promise<readonly Stored<FreeRecord>[]>;
  /** False if there already is a record. */
  insertNamespace(record: NamespaceRecord): Promise<boolean>;
  /** False if someone wrote since the record was read. */
  replaceNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;
  removeNamespace(record: Stored<NamespaceRecord>): Promise<boolean>;

  /** Also undefined for a batch. */
  getOperation(id: string): Promise<Stored<OperationRecord> | undefined>;
  /** The operation of a namespace or of a batch. */
  findOperation(id: string): Promise<Stored<OperationRecord> | Stored<BatchRecord> | undefined>;
  /** Newest first; batches too, unless a namespace is asked for. */
  listOperations(query: {
    cluster?: string;
    namespace?: string;
    status?: OperationStatus;
    kind?: AnyOperation["kind"];
    /** By their ids: reads only those. */
    createdSince?: string;
    /** Written at that time or later, by the table's own clock, like `changedTime`. */
    changedSince?: string;
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AnyOperation>>;
  /** Does nothing if the operation is already recorded. */
  insertOperation(record: OperationRecord): Promise<void>;
  updateOperation(
    id: string,
    changes: Partial<Pick<OperationRecord, "status" | "startTime" | "endTime" | "result" | "error">>,
  ): Promise<void>;
  /** Writes the changes; false if someone wrote since the record was read. Used for decisions. */
  amendOperation(record: Stored<OperationRecord>, changes: Partial<OperationRecord>): Promise<boolean>;

  listSteps(operation: string): Promise<readonly StepRecord[]>;
  getStep(operation: string, step: StepKey): Promise<StepRecord | undefined>;
  /** Records the first attempt of the step as Running. If the step has a row already, it is returned, and nothing is written. */
  startStep(operation: string, step: StepKey, startTime: string): Promise<StepRecord | undefined>;
  /** Records a further attempt as Running; `attempts` includes it. */
  repeatStep(
    operation: string,
    step: StepKey,
    attempts: number,
    unanswered?: Pick<StepRecord, "unansweredTime">,
  ): Promise<void>;
  /**
   * Closes those of the steps that have not begun: their first attempt finds a row. Returns the steps that have begun; an attempt
   * that begins later finds them closed, or what was written before this call.
   */
  closeSteps(operation: string, steps: readonly StepKey[], time: string): Promise<readonly StepRecord[]>;
  updateStep(operation: string, step: StepKey, changes: Partial<Omit<StepRecord, "name" | "target">>): Promise<void>;

  /** The time now by the tables' own clock, to the second: the same for all instances, and independent of this machine's. */
  time(): Promise<number>;
  /** Throws if the tables do not answer. */
  probe(): Promise<void>;
  /** How many unreadable rows this process has met within the last hour. */
  countUnreadable(): Promise<number>;
}

export interface Batches {
  /** The batch is accepted when this returns: its record is written last, after everything that it needs. Idempotent. */
  insertBatch(record: BatchRecord, asked: readonly BatchAsk[]): Promise<void>;
  getBatch(id: string): Promise<Stored<BatchRecord> | undefined>;
  /** False if someone wrote since the record was read. */
  amendBatch(record: Stored<BatchRecord>, changes: Partial<BatchRecord>): Promise<boolean>;

  /** Batches that have not ended. One without a record was not accepted, or is being accepted now. */
  openBatches(): Promise<readonly Stored<OpenBatch>[]>;
  getOpenBatch(id: string): Promise<Stored<OpenBatch> | undefined>;
  replaceOpenBatch(record: Stored<OpenBatch>): Promise<boolean>;
  closeBatch(id: string): Promise<void>;
  /** Removes a batch that was not accepted, unless an attempt to accept it has begun since it was read. */
  forgetBatch(open: Stored<OpenBatch>): Promise<void>;

  getBatchItem(batch: string, index: number): Promise<Stored<BatchItem & BatchAsk> | undefined>;
  /** Changes the item; false if someone wrote since it was read. */
  amendBatchItem(batch: string, item: Stored<BatchItem>, changes: Partial<BatchItem>): Promise<boolean>;
  /** The same for many, in few transactions: if someone wrote one item, others are not changed either. Says which were. */
  amendBatchItems(
    batch: string,
    amendments: readonly { readonly item: Stored<BatchItem>; readonly changes: Partial<BatchItem> }[],
  ): Promise<readonly boolean[]>;
  /** In order, without what they ask for. */
  listBatchItems(batch: string, query?: { status: OperationStatus }): Promise<readonly Stored<BatchItem>[]>;
  updateBatchItems(
    batch: string,
    changes: readonly { readonly index: number; readonly changes: Partial<BatchItem> }[],
  ): Promise<void>;
}

/** Requests from the queue that wait for their namespace. */
export interface WaitingRequests {
  /** For one namespace, in order. */
  waitingFor(berth: Berth): Promise<readonly WaitingRequest[]>;
  /** The first one of a namespace; reads no other. */
  firstWaiting(berth: Berth): Promise<WaitingRequest | undefined>;
  /** For all namespaces, without the requests. */
  listWaiting(): Promise<readonly Omit<WaitingRequest, "request">[]>;
  /** Does nothing if it is already waiting. */
  insertWaiting(record: WaitingRequest): Promise<void>;
  removeWaiting(record: Pick<WaitingRequest, "cluster" | "namespace" | "sequenceNumber">): Promise<void>;
}

/** Signals this process's writes to the registry; writes of other processes are found by polling. */
export interface Changes {
  /** Resolves at the next write, or after that time. */
  wait(ms: number): Promise<void>;
}

/** A rate limit shared by all instances of the service. */
export interface Turns {
  /** Reserves that many consecutive turns; returns the milliseconds until the first. */
  take(kind: string, turns: { readonly count: number; readonly intervalMs: number }): Promise<number>;
}

// ——— Idempotency keys (Table Storage) ———

type KeyOfCaller = Pick<IdempotencyRecord, "caller" | "key">;
/** A key as one attempt has claimed it. */
export type Claimed = Pick<IdempotencyRecord, "caller" | "key" | "claimedTime">;

export interface IdempotencyKeys {
  find(key: KeyOfCaller): Promise<Stored<IdempotencyRecord> | undefined>;
  /** False if the key already exists. */
  insert(record: IdempotencyRecord): Promise<boolean>;
  /** False if someone wrote since the record was read. */
  replace(record: Stored<IdempotencyRecord>): Promise<boolean>;
  /** Whoever has claimed the key since: the answer is as good as theirs. Does nothing if the key is gone. */
  answer(key: KeyOfCaller, answer: KeptAnswer): Promise<void>;
  /** Does nothing if somebody has claimed the key since. */
  release(claimed: Claimed): Promise<void>;
  /** Sets the time at which the key was claimed, unless somebody has claimed it since. */
  expire(claimed: Claimed, claimedTime: string): Promise<void>;
  /** Removes at most `most` keys that were claimed before that time; returns how many. A key that is claimed again stays. */
  removeClaimedBefore(time: string, most: number): Promise<number>;
}

// ——— Audit trail (Table Storage) ———

export interface Audit {
  /** Appends the entry to the chain; does nothing if it already has an entry with this id. */
  append(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  read(query: {
    cluster?: string;
    namespace?: string;
    operation?: string;
    /** Only what belongs to one of these teams; an empty list matches nothing. */
    teams?: readonly string[];
    limit: number;
    continuation?: string;
  }): Promise<Page<AuditRecord>>;
  /** Reads the whole chain; `brokenAt` is the sequence number of the newest record that was altered. */
  verify(): Promise<AuditCheck>;
}

// ——— What writes ———

/**
 * What a call does to the teams' resources: writes stop once the operation is canceled. Mooring's own notes (rows, events,
 * audit entries) are not writes in this sense, and a dry run only reads.
 */
export type PortEffect = "reads" | "writes" | "writesUnlessDryRun" | "notes";
export type EffectsOf<Port> = { readonly [Method in keyof Port]: PortEffect };
type PortsWithMethods = Omit<Ports, "catalog" | "tokens" | "admissions">;

/** Every method of every port: leaving one out does not compile. */
export const portEffects: { readonly [Port in keyof PortsWithMethods]: EffectsOf<PortsWithMethods[Port]> } = {
  identities: {
    get: "reads",
    listIn: "reads",
    put: "writes",
    remove: "writes",
    federatedCredentials: "reads",
    putFederatedCredential: "writes",
    removeFederatedCredential: "writes",
    pace: "reads",
  },
  identityBindings: { get: "reads", listAt: "reads", put: "writes", remove: "writes" },
  sqlServers: { inspect: "reads", setEntraAdmin: "writes", removeEntraAdmin: "writes" },
  roleAssignments: {
    heldAt: "reads",
    ownPermissions: "reads",
    givenTo: "reads",
    madeAt: "reads",
    get: "reads",
    put: "writes",
    remove: "writes",
    usage: "reads",
  },
  cosmosRoles: { assignmentsIn: "reads", assign: "writes", remove: "writes" },
  azureResources: { find: "reads", locksAt: "reads" },
  databases: { inspect: "reads", ownRoleMembers: "reads", change: "writes" },
  postgres: {
    inspect: "reads",
    create: "writes",
    amendNotes: "writes",
    grant: "writes",
    revoke: "writes",
    drop: "writes",
    replace: "writes",
    removeComment: "writes",
  },
  kubernetes: {
    get: "reads",
    list: "reads",
    namespacedKinds: "reads",
    listMetadata: "reads",
    apply: "writesUnlessDryRun",
    remove: "writesUnlessDryRun",
    whyForbidden: "reads",
    mayDo: "reads",
    kinds: "reads",
    issuer: "reads",
    signingKeys: "reads",
  },
  issuers: { read: "reads" },
  registry: {
    getNamespace: "reads",
    listNamespaces: "reads",
    countNamespaces: "reads",
    heldNamespaces: "reads",
    namespacesToVerify: "reads",
    namespacesEnding: "reads",
    time: "reads",
    insertNamespace: "notes",
    // A cut over changes the record.
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
    repeatStep: "notes",
    closeSteps: "notes",
    updateStep: "notes",
    probe: "reads",
    countUnreadable: "reads",
    insertBatch: "notes",
    getBatch: "reads",
    amendBatch: "notes",
    openBatches: "reads",
    getOpenBatch: "reads",
    replaceOpenBatch: "notes",
    closeBatch: "notes",
    forgetBatch: "notes",
    getBatchItem: "reads",
    amendBatchItem: "notes",
    amendBatchItems: "notes",
    listBatchItems: "reads",
    updateBatchItems: "notes",
    waitingFor: "reads",
    firstWaiting: "reads",
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
    deferredFrom: "reads",
  },
};
