/**
 * Mooring's record of a `cluster/namespace`, which lets only one operation at a time run for it. The fields depend on the state;
 * those that a state cannot have are declared so that the compiler refuses them, even in a spread.
 */

import { z } from "zod";
import { Finding } from "../finding.ts";
import { ClientId, IdentityPair } from "../naming/identityPair.ts";
import { KnownThing } from "../naming/ownership.ts";
import { OnboardingRequest } from "../request/request.ts";
import { RememberedPlaces } from "../targets/namedTarget.ts";
import { RememberedServers } from "../targets/sqlDatabase.ts";
import { ExpiryNote } from "./expiryNote.ts";
import { Given } from "./given.ts";
import { Migration } from "./migration.ts";
import type { FreeState, HeldState, NamespaceState } from "./namespaceState.ts";

/** The fields of every state. Times are RFC 3339. */
const base = {
  cluster: z.string(),
  namespace: z.string(),
  /** The operation that holds the namespace, or the last one that did. */
  operation: z.string(),
  request: OnboardingRequest,
  requestHash: z.string(),
  /**
   * The hash of the request as it was sent, if it had durations (`expiresAfter`): the same request again is known by it. Since
   * 0.2.0.
   */
  askedHash: z.string().exactOptional(),
  /** Who asked for the operation. */
  requestedBy: z.string(),
  /**
   * Who asked for the request, while an operation holds the namespace that brings it to no other: afterwards `requestedBy` says that again.
   * Since 0.2.0.
   */
  askedBy: z.string().exactOptional(),
  acceptedTime: z.string(),
  /** W3C trace context of the accepted request. */
  traceparent: z.string().exactOptional(),
  /** The owner: the first team that onboarded it. Absent if an operator onboarded it for no team. */
  team: z.string().exactOptional(),
  /** UID of the onboarded Kubernetes namespace: a later one of the same name is a different one. */
  namespaceUid: z.string().exactOptional(),
  /** The batch that the operation belongs to, and whether one of its lanes starts the operation: then nothing else may. */
  batch: z.object({ operation: z.string(), isStarter: z.boolean() }).optional(),
  /**
   * An operator's decision about the operation that holds the namespace: it may use the identity with this client ID, which no
   * record knew. Since 0.2.0.
   */
  adoptIdentity: z.string().exactOptional(),
  /**
   * The SQL servers of its requests, by alias, as the catalog had them: to revoke access after the catalog has dropped one.
   * Since 0.2.0.
   */
  servers: RememberedServers.exactOptional(),
  /** The same for its other targets: every place where it may have each, the newest first. Since 0.2.0. */
  places: RememberedPlaces.exactOptional(),
  /** Resource IDs of its identity: where the catalog has it and, after that, where it had it before. Since 0.2.0. */
  identityPlaces: z.array(z.string()).readonly().exactOptional(),
  /**
   * Until when a write of an earlier operation may still take effect, because nobody heard its answer: the next operation begins
   * after it. Since 0.2.0.
   */
  landsUntil: z.string().exactOptional(),
  /**
   * Namespaces that use the identity of this one, or have asked to: each is one only if its own record says so, too. Written before
   * the guest has anything (application/admission/joinIdentity.ts). Since 0.2.0.
   */
  guests: z.array(z.string()).readonly().exactOptional(),
  /** Every identity that it has had, the newest last, each written before anything is given to it. Since 0.2.0. */
  identities: z.array(IdentityPair).readonly().exactOptional(),
  /** When the record was written last, by the table's own clock. */
  changedTime: z.string().exactOptional(),
};

/** What is known about the onboarded namespace. It stays while an operation runs, in case that is undone. */
const known = {
  onboardedTime: z.string().exactOptional(),
  verifiedTime: z.string().exactOptional(),
  clientId: ClientId.exactOptional(),
  /** The operation that implemented the request. */
  onboardedBy: z.string().exactOptional(),
  /** Earlier operations since then, the newest last: each may have made the identity anew, whose tags then name it. Since 0.2.0. */
  operationsSince: z.array(z.string()).readonly().exactOptional(),
  /** Since 0.2.0; absent until the first change since then. */
  given: Given.exactOptional(),
  /** Where the last look found a difference from the request. */
  findings: z.array(Finding).readonly().exactOptional(),
  /** Things of the namespace, created or adopted, as of the last look that saw everything. */
  things: z.array(KnownThing).readonly().exactOptional(),
  /** The last look, even a failed one; `verifiedTime` is the last look that saw everything. */
  lookedTime: z.string().exactOptional(),
  /** The last automatic repair, so that one without effect is not repeated after every look. */
  repairTried: z.object({ findings: z.string(), time: z.string() }).exactOptional(),
  /** Since 0.2.0. */
  expiry: ExpiryNote.exactOptional(),
};

/**
 * The team that takes the namespace over: it has it as soon as everything that only `team` may have is gone, and `team` then
 * names it, too. Since 0.2.0; earlier releases named it in `team` from the beginning.
 */
const takeOver = { takenBy: z.string().exactOptional() };

/** Between two phases of a migration. */
const between = { migration: Migration.exactOptional() };

const { operation, request, requestHash, askedHash, requestedBy, acceptedTime, team, namespaceUid, places } = base;
/** The record from before the operation that holds it: restored if the operation is undone. */
const restorable = {
  ...{ operation, request, requestHash, askedHash, requestedBy, acceptedTime, team, namespaceUid },
  /** Where it had what the operation is to give elsewhere. Since 0.2.0. */
  places,
};

type Restorable = Readonly<z.infer<z.ZodObject<typeof restorable>>>;

export type PreviousRecord =
  | (Restorable & {
      readonly state: "Onboarded";
      readonly earlier?: never;
      readonly previous?: never;
      readonly takenBy?: never;
    })
  | (Restorable & {
      readonly state: "Incomplete";
      readonly takenBy?: string;
      readonly earlier?: OnboardingRequest;
      /** What it would have restored; a compensation of it still has to. */
      readonly previous?: PreviousRecord;
    });

export const PreviousRecord: z.ZodType<PreviousRecord> = z.discriminatedUnion("state", [
  z.object({ ...restorable, state: z.literal("Onboarded") }),
  z.object({
    ...restorable,
    ...takeOver,
    state: z.literal("Incomplete"),
    earlier: OnboardingRequest.exactOptional(),
    get previous() {
      return PreviousRecord.exactOptional();
    },
  }),
]);

export const CompensatedMigration = z
  .object({
    /** The namespace's request when the migration began. */
    request: OnboardingRequest,
    clientId: ClientId,
    /** `completed` is its last complete phase once everything has been undone. */
    migration: Migration,
  })
  .readonly();
export type CompensatedMigration = z.infer<typeof CompensatedMigration>;

export const Compensated = z
  .object({
    /** The operation that the caller asked to compensate. */
    of: z.string(),
    /** The operation that created what is left. */
    createdBy: z.string(),
    /** Names of undos, in the order in which they will run. */
    undos: z.array(z.string()).readonly(),
    /** For a migration: what its undos need, and what the record goes back to. */
    migrating: CompensatedMigration.exactOptional(),
  })
  .readonly();
export type Compensated = z.infer<typeof Compensated>;

/** What an operation that stopped partway leaves for the next one. */
const halfDone = {
  ...takeOver,
  /** A request of which traces may remain in addition to `request`: the one that a change replaces, until it is gone. */
  earlier: OnboardingRequest.exactOptional(),
  previous: PreviousRecord.exactOptional(),
  /** For a compensation: what it reruns, and for which operation. A failed compensation leaves it. */
  compensates: Compensated.exactOptional(),
};

const Offboarding = z.object({
  /** Whether to continue although others depend on what it removes. */
  ignoreDependants: z.boolean(),
  /** The record's earlier values: restored if the offboarding removes nothing. */
  before: z.object({
    state: z.enum(["Onboarded", "Incomplete"] satisfies FreeState[]),
    operation: z.string(),
    requestedBy: z.string(),
    acceptedTime: z.string(),
    traceparent: z.string().exactOptional(),
  }),
});

const states = {
  Onboarding: z.object({
    ...base,
    ...known,
    ...takeOver,
    state: z.literal("Onboarding"),
    previous: PreviousRecord.exactOptional(),
  }),
  Changing: z.object({
    ...base,
    ...known,
    ...takeOver,
    state: z.literal("Changing"),
    earlier: OnboardingRequest,
    previous: PreviousRecord,
  }),
  Onboarded: z.object({ ...base, ...known, ...between, state: z.literal("Onboarded") }),
  Offboarding: z.object({
    ...base,
    ...known,
    ...between,
    ...halfDone,
    state: z.literal("Offboarding"),
    offboarding: Offboarding,
  }),
  Compensating: z.object({
    ...base,
    ...known,
    ...between,
    ...halfDone,
    state: z.literal("Compensating"),
    compensates: Compensated,
  }),
  Repairing: z.object({ ...base, ...known, ...between, state: z.literal("Repairing") }),
  Migrating: z.object({
    ...base,
    ...known,
    state: z.literal("Migrating"),
    migration: Migration,
    clientId: ClientId,
  }),
  Incomplete: z.object({ ...base, ...known, ...between, ...halfDone, state: z.literal("Incomplete") }),
} satisfies { readonly [S in NamespaceState]: z.ZodObject<{ state: z.ZodLiteral<S> }> };

type States = { readonly [S in NamespaceState]: Readonly<z.infer<(typeof states)[S]>> };
type Field = { [S in NamespaceState]: keyof States[S] }[NamespaceState];

/** Records by state. Fields that a state cannot have can be read, too, and are undefined. */
export type RecordIn<S extends NamespaceState> = {
  [Each in S]: States[Each] & { readonly [F in Exclude<Field, keyof States[Each]>]?: never };
}[S];

export const NamespaceRecord = z.discriminatedUnion("state", [
  states.Onboarding,
  states.Changing,
  states.Onboarded,
  states.Offboarding,
  states.Compensating,
  states.Repairing,
  states.Migrating,
  states.Incomplete,
]);
export type NamespaceRecord = RecordIn<NamespaceState>;

export type OnboardedRecord = RecordIn<"Onboarded">;
/** An operation holds the namespace. */
export type HeldRecord = RecordIn<HeldState>;
/** Another operation may begin. */
export type FreeRecord = RecordIn<FreeState>;
