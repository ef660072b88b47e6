/**
 * `cluster/namespace` as Mooring keeps it: the gate that lets one operation at a time run for a namespace. What a record
 * has depends on its state; a field that a state cannot have is there for the compiler to refuse, also in a spread.
 */
import { z } from "zod";
import { Finding } from "../finding.ts";
import { KnownThing } from "../naming/ownership.ts";
import { OnboardingRequest } from "../request/request.ts";
import { Migration } from "./migration.ts";
import type { FreeState, HeldState, NamespaceState } from "./namespaceState.ts";

/** What a record of any state has. Times are RFC 3339. */
const base = {
  cluster: z.string(),
  namespace: z.string(),
  /** The operation that holds the namespace, or the last that did. */
  operation: z.string(),
  request: OnboardingRequest,
  requestHash: z.string(),
  requestedBy: z.string(),
  acceptedTime: z.string(),
  /** W3C trace context of the request that was accepted. */
  traceparent: z.string().exactOptional(),
  /** Whose it is: the first team that onboarded it. Absent in what operators did for no team. */
  team: z.string().exactOptional(),
  /** UID of the Kubernetes namespace that was onboarded: one of the same name made later is not the same. */
  namespaceUid: z.string().exactOptional(),
  /** The batch that the operation belongs to, and whether a lane of it starts the operation: then nobody else may. */
  batch: z.object({ operation: z.string(), isStarter: z.boolean() }).optional(),
  /** When the record was written last, by the table's own clock. */
  changedTime: z.string().exactOptional(),
};

/** What is known of what is onboarded. It stays while an operation runs, for the case that it is undone. */
const known = {
  onboardedTime: z.string().exactOptional(),
  verifiedTime: z.string().exactOptional(),
  clientId: z.string().exactOptional(),
  /** The operation that brought it to its request. */
  onboardedBy: z.string().exactOptional(),
  /** What the last look found that is not as it was asked for. */
  findings: z.array(Finding).readonly().exactOptional(),
  /** What is the namespace's, whether made for it or adopted, as the last look that saw everything found it. */
  things: z.array(KnownThing).readonly().exactOptional(),
  /** When it was last looked at, also in vain; `verifiedTime` is the last look that saw everything. */
  lookedTime: z.string().exactOptional(),
  /** The last repair that nobody asked for, so that one in vain is not repeated with every look. */
  repairTried: z.object({ findings: z.string(), time: z.string() }).exactOptional(),
};

/** Between two phases of a migration. */
const between = { migration: Migration.exactOptional() };

/** What the record was before the operation that holds it: restored when the operation is undone. */
const restorable = {
  operation: z.string(),
  request: OnboardingRequest,
  requestHash: z.string(),
  requestedBy: z.string(),
  acceptedTime: z.string(),
  team: z.string().exactOptional(),
  namespaceUid: z.string().exactOptional(),
};

type Restorable = Readonly<z.infer<z.ZodObject<typeof restorable>>>;

export type PreviousRecord =
  | (Restorable & { readonly state: "Onboarded"; readonly earlier?: never; readonly previous?: never })
  | (Restorable & {
      readonly state: "Incomplete";
      readonly earlier?: OnboardingRequest;
      /** What it would have restored, and a compensation of it still has to. */
      readonly previous?: PreviousRecord;
    });

export const PreviousRecord: z.ZodType<PreviousRecord> = z.discriminatedUnion("state", [
  z.object({ ...restorable, state: z.literal("Onboarded") }),
  z.object({
    ...restorable,
    state: z.literal("Incomplete"),
    earlier: OnboardingRequest.exactOptional(),
    get previous() {
      return PreviousRecord.exactOptional();
    },
  }),
]);

export const CompensatedMigration = z
  .object({
    /** What the namespace was onboarded with when the migration began. */
    request: OnboardingRequest,
    clientId: z.string(),
    /** `completed` is how far it has come when nothing is left undone. */
    migration: Migration,
  })
  .readonly();
export type CompensatedMigration = z.infer<typeof CompensatedMigration>;

export const Compensated = z
  .object({
    /** The operation that was asked to be compensated. */
    of: z.string(),
    /** The operation that created what is left. */
    createdBy: z.string(),
    /** Names of undos, in the order in which they run. */
    undos: z.array(z.string()).readonly(),
    /** Of a migration: what its undos need, and what the record goes back to. */
    migrating: CompensatedMigration.exactOptional(),
  })
  .readonly();
export type Compensated = z.infer<typeof Compensated>;

/** What an operation that ended half-way leaves for the next one. */
const halfDone = {
  /** A request whose traces may be there besides `request`: what a change replaces, until it is gone. */
  earlier: OnboardingRequest.exactOptional(),
  previous: PreviousRecord.exactOptional(),
  /** Of a compensation: what it runs again, for which operation. One that failed leaves it. */
  compensates: Compensated.exactOptional(),
};

const Offboarding = z.object({
  /** It goes on although others depend on what it removes. */
  ignoreDependants: z.boolean(),
  /** What the record said before: restored when the offboarding removes nothing. */
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
    state: z.literal("Onboarding"),
    previous: PreviousRecord.exactOptional(),
  }),
  Changing: z.object({
    ...base,
    ...known,
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
    clientId: z.string(),
  }),
  Incomplete: z.object({ ...base, ...known, ...between, ...halfDone, state: z.literal("Incomplete") }),
} satisfies { readonly [S in NamespaceState]: z.ZodObject<{ state: z.ZodLiteral<S> }> };

type States = { readonly [S in NamespaceState]: Readonly<z.infer<(typeof states)[S]>> };
type Field = { [S in NamespaceState]: keyof States[S] }[NamespaceState];

/** Records by state. What a state cannot have may be asked for, too: it is undefined. */
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
