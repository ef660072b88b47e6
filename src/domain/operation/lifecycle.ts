/**
 * How a namespace's record goes from one state to the next: an operation begins and holds the namespace, then ends and releases
 * it. Nothing is read or written here; test/domain/operation/lifecycle.test.ts has the whole table.
 */

import { defined, unlessEmpty } from "../defined.ts";
import { type Finding, isError } from "../finding.ts";
import type { ClientId } from "../naming/identityPair.ts";
import type { NamespaceRef } from "../naming/names.ts";
import { type KnownThing, withUnseen } from "../naming/ownership.ts";
import { isSameId } from "../naming/resourceId.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { joinPlaces, placedBefore, placesLeft } from "../targets/namedTarget.ts";
import { serversNamed } from "../targets/sqlDatabase.ts";
import { givenAfter } from "./given.ts";
import { isPast, type Migration } from "./migration.ts";
import type {
  Compensated,
  FreeRecord,
  HeldRecord,
  NamespaceRecord,
  OnboardedRecord,
  PreviousRecord,
  RecordIn,
} from "./namespaceRecord.ts";
import { type FreeState, type HeldState, holders, type NamespaceState } from "./namespaceState.ts";
import type { OperationKind, OperationStatus } from "./operation.ts";
import type { Outcome } from "./outcome.ts";
import type { OperationRecord } from "./records.ts";

/** What an operation writes into the record of a namespace when it begins. */
export interface Beginning {
  readonly operation: string;
  readonly requestedBy: string;
  readonly acceptedTime: string;
  readonly traceparent: string;
  /** Set explicitly, even if undefined, so that it replaces the previous operation's batch. */
  readonly batch: NamespaceRecord["batch"];
}

/** An operation that brings the namespace to a request. */
export interface Opening extends Beginning, NamespaceRef {
  readonly request: OnboardingRequest;
  readonly requestHash: string;
  readonly askedHash?: string;
  readonly team?: string;
  readonly adoptIdentity?: string;
  readonly servers?: NonNullable<NamespaceRecord["servers"]>;
  readonly places?: NonNullable<NamespaceRecord["places"]>;
  readonly identityPlaces?: NonNullable<NamespaceRecord["identityPlaces"]>;
}

type In<R, S extends NamespaceState> = Extract<R, { readonly state: S }>;

/** An operation holds the namespace. */
export function isHeld<R extends NamespaceRecord>(record: R): record is In<R, HeldState> {
  return !isFree(record);
}

/** Another operation may begin. */
export function isFree<R extends NamespaceRecord>(record: R): record is In<R, FreeState> {
  return record.state === "Onboarded" || record.state === "Incomplete";
}

export function isOnboarded<R extends NamespaceRecord>(record: R): record is In<R, "Onboarded"> {
  return record.state === "Onboarded";
}

/** The kind of operation that holds the record. A free record counts as onboarded, whatever came after. */
export function kindOf(record: NamespaceRecord): OperationKind {
  return isFree(record) ? "onboard" : holders[record.state];
}

/** The record of its operation, as written when the operation is accepted. */
export function operationOf(record: NamespaceRecord): OperationRecord {
  const { operation: id, cluster, namespace, request, requestedBy, acceptedTime } = record;
  const team = teamOf(record);
  const { traceparent, earlier, compensates, migration, batch } = record;
  const kind = kindOf(record);
  const isConcerned = kind === "migrate" || kind === "offboard" || kind === "repair";
  return {
    id,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy,
    ...defined({ team }),
    createdTime: acceptedTime,
    request,
    ...defined({ traceparent, earlier }),
    ...movedIn(record),
    ...(kind === "change" && record.takenBy !== undefined ? { takesOver: true } : {}),
    ...(migration && isConcerned ? { migration } : {}),
    ...(compensates && kind === "compensate" ? { compensates } : {}),
    ...defined({ batch: batch?.operation }),
  };
}

/** The targets that a change also revokes where the catalog had them before. */
export function movedIn({ state, request, places }: NamespaceRecord): Pick<OperationRecord, "moved"> {
  return state === "Changing" ? defined({ moved: unlessEmpty(placedBefore(request, places)) }) : {};
}

/** The team that the operation works for: in a take-over, the one that gets the namespace. */
export function teamOf(record: NamespaceRecord): string | undefined {
  return (isTakeOver(record) ? record.takenBy : undefined) ?? record.team;
}

function isTakeOver(record: NamespaceRecord): record is RecordIn<"Onboarding" | "Changing"> {
  return (record.state === "Onboarding" || record.state === "Changing") && record.takenBy !== undefined;
}

/** The request as the namespace's own team may see it: until it is handed over, the one that is taking it has another. */
export function requestForTeam({
  request,
  previous,
  team,
  takenBy,
}: Pick<NamespaceRecord, "request" | "previous" | "team" | "takenBy">): OnboardingRequest {
  return previous && takenBy !== undefined && takenBy !== team ? requestForTeam(previous) : request;
}

/** What the namespace had before the operation that holds it, or that left it incomplete, and may still have. */
export function onboardedBefore({ previous, earlier, takenBy, team }: NamespaceRecord): OnboardingRequest | undefined {
  if (takenBy !== undefined && takenBy !== team) return undefined;
  return earlier ?? previous?.request;
}

/** The record once nothing is left that only the first team may have; undefined if there is nothing to hand over. */
export function handOver(record: NamespaceRecord): HeldRecord | undefined {
  const { takenBy: team } = record;
  return isTakeOver(record) && team !== undefined && team !== record.team ? { ...record, team } : undefined;
}

/** The first operation of a namespace. */
export function open(opening: Opening): RecordIn<"Onboarding"> {
  return { ...opening, state: "Onboarding" };
}

/** An onboarding takes over from an operation that has ended; `earlier` is the request that it replaces. */
export function supersede(
  current: FreeRecord,
  opening: Opening,
  { earlier, takeOver }: { earlier: OnboardingRequest | undefined; takeOver: boolean },
): RecordIn<"Onboarding" | "Changing"> {
  const { earlier: _earlier, previous: _previous, compensates: _tried, migration: _over, ...own } = current;
  const { team: owner, takenBy: _taken, askedHash: _asked, namespaceUid, ...lasting } = own;
  // A takeover binds the record to the current Kubernetes namespace.
  const bound = namespaceUid === undefined || takeOver ? {} : { namespaceUid };
  const { team, ...opened } = opening;
  const taker = takerOf(owner, { team, takeOver });
  const owned = taker === undefined ? ownedBy(team) : { ...ownedBy(owner), takenBy: taker };
  const known = defined({
    // Where a server was moved, it stays known until a change has left its databases out.
    servers: opening.servers && { ...opening.servers, ...current.servers },
    places: opening.places && joinPlaces(current.places, opening.places),
    identityPlaces: opening.identityPlaces && joinIds(current.identityPlaces, opening.identityPlaces),
  });
  const previous = { ...previousOf(current), ...movedBy(opening, current) };
  const begun = { ...lasting, ...bound, ...opened, ...owned, ...known, previous };
  return earlier ? { ...begun, state: "Changing", earlier } : { ...begun, state: "Onboarding" };
}

/** The team that gets the namespace from another. A team may also take over its own, when somebody has made the namespace anew. */
export function takerOf(
  owner: string | undefined,
  { team, takeOver }: { readonly team: string | undefined; readonly takeOver: boolean },
): string | undefined {
  return takeOver && team !== owner ? team : undefined;
}

/** The newer first. */
export function joinIds(known: readonly string[] = [], newer: readonly string[] = []): readonly string[] {
  return [...newer, ...known.filter((id) => !newer.some((each) => isSameId(each, id)))];
}

/** Where the namespace has what it is to get elsewhere: there it still is if the operation is undone. */
function movedBy({ places }: Opening, current: FreeRecord): Pick<PreviousRecord, "places"> {
  const left = placesLeft(current.places, places);
  return Object.keys(left).length > 0 ? { places: left } : {};
}

function ownedBy(team: string | undefined): Pick<NamespaceRecord, "team"> {
  return defined({ team });
}

function previousOf(current: FreeRecord): PreviousRecord {
  const { operation, request, requestHash, askedHash, requestedBy, acceptedTime, team, namespaceUid } = current;
  const owner = { ...ownedBy(team), ...defined({ namespaceUid }) };
  const held = { operation, request, requestHash, ...defined({ askedHash }), requestedBy, acceptedTime, ...owner };
  if (current.state === "Onboarded") return { ...held, state: "Onboarded" };
  const { earlier, previous, takenBy } = current;
  return { ...held, ...defined({ takenBy }), state: "Incomplete", ...defined({ earlier, previous }) };
}

/** Every request of which something may be there, or may be restored. */
export function requestsOf({
  request,
  earlier,
  previous,
}: Pick<NamespaceRecord, "request" | "earlier" | "previous">): readonly OnboardingRequest[] {
  return [request, ...(earlier ? [earlier] : []), ...(previous ? requestsOf(previous) : [])];
}

/** Every operation that the record names: of these, something may be there. */
export function operationsOf({
  operation,
  onboardedBy,
  operationsSince = [],
  compensates,
  offboarding,
  previous,
}: Pick<
  NamespaceRecord,
  "operation" | "onboardedBy" | "operationsSince" | "compensates" | "offboarding" | "previous"
>): readonly string[] {
  const before = [compensates?.of, compensates?.createdBy, offboarding?.before.operation];
  const own = [operation, onboardedBy, ...operationsSince, ...before];
  return [...own.filter((each) => each !== undefined), ...(previous ? operationsOf(previous) : [])];
}

/** The record is a row that every operation reads and writes. */
const mostOperationsSince = 20;

/** For an operation that leaves the namespace onboarded, and takes the place of the last one in its record. */
function remembering({ operation, onboardedBy, operationsSince = [] }: OnboardedRecord) {
  if (operation === onboardedBy) return {};
  return { operationsSince: [...operationsSince, operation].slice(-mostOperationsSince) };
}

/** How many previous records are chained, each to be restored in turn. */
export function depthOf({ previous }: { readonly previous?: PreviousRecord }): number {
  return previous ? 1 + depthOf(previous) : 0;
}

export function beginOffboarding(
  current: FreeRecord,
  beginning: Beginning,
  { ignoreDependants }: { ignoreDependants: boolean },
): RecordIn<"Offboarding"> {
  const { state, operation, requestedBy, acceptedTime, traceparent } = current;
  const before = { state, operation, requestedBy, acceptedTime, ...defined({ traceparent }) };
  return {
    ...current,
    ...asked(current),
    ...beginning,
    state: "Offboarding",
    offboarding: { ignoreDependants, before },
  };
}

export function beginCompensation(
  current: FreeRecord,
  beginning: Beginning,
  compensates: Compensated,
): RecordIn<"Compensating"> {
  return { ...current, ...asked(current), ...beginning, state: "Compensating", compensates };
}

function asked({ requestedBy }: FreeRecord): Pick<NamespaceRecord, "askedBy"> {
  return { askedBy: requestedBy };
}

export function beginRepair(
  current: OnboardedRecord,
  beginning: Beginning,
  tried: Pick<NamespaceRecord, "repairTried" | "adoptIdentity">,
): RecordIn<"Repairing"> {
  return { ...current, ...remembering(current), ...tried, ...asked(current), ...beginning, state: "Repairing" };
}

export function beginMigration(
  current: OnboardedRecord,
  beginning: Beginning,
  going: { readonly migration: Migration; readonly clientId: ClientId },
): RecordIn<"Migrating"> {
  return { ...current, ...remembering(current), ...going, ...asked(current), ...beginning, state: "Migrating" };
}

/** What an operation reports at its end. The status may be another one because of a cancellation. */
export type End = Omit<Outcome, "status" | "error" | "reasons" | "leftUndone"> & {
  readonly status: OperationStatus;
  /** Until when one of its writes may still take effect. */
  readonly landsUntil?: string | undefined;
};

/** The record after the operation that holds it; undefined if there is nothing left to record. */
export function end(record: HeldRecord, outcome: End, time: string): FreeRecord | undefined {
  const next = stateAfter(record, outcome, time);
  if (!next) return undefined;
  const { landsUntil: _before, askedBy, ...rest } = next;
  const { landsUntil } = outcome;
  return { ...rest, ...defined({ requestedBy: askedBy, landsUntil }) };
}

function stateAfter(record: HeldRecord, outcome: End, time: string): FreeRecord | undefined {
  const { status, leftBehind, isUntouched = false } = outcome;
  const hasSucceeded = status === "Succeeded";
  switch (record.state) {
    case "Onboarding":
    case "Changing": {
      if (!hasSucceeded) {
        // A take-over gives nothing back: once it has begun to revoke access, the namespace is not what it was.
        const isChanged = leftBehind || (isTakeOver(record) && !isUntouched);
        return isChanged ? incomplete(record) : restored(record);
      }
      const {
        earlier: _gone,
        previous: _past,
        takenBy: _taken,
        adoptIdentity: _used,
        expiry: _noted,
        operationsSince: _before,
        ...lasting
      } = record;
      return {
        ...lasting,
        ...defined({ servers: lasting.servers && serversNamed(record.request, lasting.servers) }),
        ...seen(record, outcome, time),
        ...ownedBy(teamOf(record)),
        state: "Onboarded",
        onboardedTime: time,
        verifiedTime: time,
        onboardedBy: record.operation,
        given: givenAfter(
          record.request,
          { ...record, request: record.earlier },
          { since: time, operation: record.operation },
        ),
      };
    }
    case "Compensating": {
      const isUndone = hasSucceeded || !leftBehind;
      const { migrating } = record.compensates;
      if (migrating) return migratedBack(record, migrating.migration, isUndone);
      if (!isUndone) return incomplete(record);
      return record.takenBy === undefined ? restored(record) : incomplete(withoutCompensation(record));
    }
    case "Offboarding":
      if (hasSucceeded) return undefined;
      return isUntouched ? untouched(record) : incomplete(record);
    case "Repairing": {
      // A failed repair has fixed a part and broken nothing: the namespace is still onboarded, perhaps with another identity.
      const { adoptIdentity: _used, ...repaired } = record;
      if (!hasSucceeded) return { ...repaired, ...identityOf(outcome), state: "Onboarded" };
      const { repairTried: _over, ...kept } = repaired;
      return { ...kept, ...seen(record, outcome, time), state: "Onboarded" };
    }
    case "Migrating": {
      const { migration: _going, ...kept } = record;
      const left = leftOf(record, outcome);
      return { ...kept, ...seen(record, outcome, time), state: "Onboarded", ...defined({ migration: left }) };
    }
  }
}

interface Seen {
  readonly clientId?: ClientId;
  readonly namespaceUid?: string;
  readonly verifiedTime?: string;
  readonly lookedTime?: string;
  readonly findings?: readonly Finding[];
  readonly things?: readonly KnownThing[];
}

/** What the operation found out about the namespace. */
function seen(record: HeldRecord, { status, clientId, namespaceUid, things, ...outcome }: End, time: string): Seen {
  // A crash may lose the findings. But a proven operation has none that break access.
  const isProven = status === "Succeeded" && record.state !== "Migrating";
  const findings =
    outcome.findings ?? (isProven ? (record.findings ?? []).filter((each) => !isError(each)) : undefined);
  return {
    ...(findings ? { verifiedTime: time, lookedTime: time, findings } : {}),
    ...identityOf({ clientId }),
    ...defined({ namespaceUid }),
    ...(things ? { things: isWhole(record, findings) ? things : withUnseen(things, record.things) } : {}),
  };
}

function identityOf({ clientId }: Pick<End, "clientId">): Pick<Seen, "clientId"> {
  return defined({ clientId });
}

/** Whether the verification saw everything: a thing that it did not see is no longer the namespace's. */
function isWhole({ state }: HeldRecord, findings: readonly Finding[] = []): boolean {
  const isUnread = findings.some(({ code }) => code === "UNREADABLE");
  return !isUnread && (state === "Onboarding" || state === "Changing");
}

function withoutCompensation({ compensates: _tried, ...record }: RecordIn<"Compensating">) {
  return record;
}

function incomplete(
  record: RecordIn<"Onboarding" | "Changing" | "Offboarding"> | Omit<RecordIn<"Compensating">, "compensates">,
): FreeRecord {
  const { offboarding: _over, adoptIdentity: _used, ...lasting } = record;
  return { ...lasting, state: "Incomplete" };
}

/** What a namespace has while an operation that has written nothing holds it; undefined if that is nothing. */
export function heldBefore(record: HeldRecord): FreeRecord | undefined {
  return record.state === "Onboarding" || record.state === "Changing" ? restored(record) : undefined;
}

/** The record from before the operation that was undone; undefined if there was none. */
function restored(record: RecordIn<"Onboarding" | "Changing" | "Compensating">): FreeRecord | undefined {
  const { earlier: _earlier, previous, compensates: _tried, takenBy: _taken, adoptIdentity: _used, ...held } = record;
  const { team: _team, namespaceUid: _uid, askedHash: _asked, askedBy: _by, ...lasting } = held;
  if (!previous) return undefined;
  const known = previous.places ? { places: joinPlaces(record.places, previous.places) } : {};
  return { ...lasting, ...previous, ...known };
}

/** The record after an offboarding that removed nothing. */
function untouched(record: RecordIn<"Offboarding">): FreeRecord {
  const { offboarding, ...lasting } = record;
  const { state, ...before } = offboarding.before;
  if (state === "Incomplete") return { ...lasting, ...before, state };
  const { earlier: _earlier, previous: _previous, compensates: _tried, takenBy: _taken, ...whole } = lasting;
  return { ...whole, ...before, state };
}

/** A migration stays recorded as long as something is left outside the request's identity mode. */
function leftOf(record: RecordIn<"Migrating">, { leftBehind, migration: reached }: End): Migration | undefined {
  // What an earlier migration left behind is not this one's to undo, and no longer that one's either.
  const { leftBy: _earlier, ...migration } = record.migration;
  const completed = reached?.completed ?? migration.completed;
  const now = { ...migration, ...defined({ completed }), ...(leftBehind ? remainsOf(record) : {}) };
  return completed !== "retire" && isToRemember(now) ? now : undefined;
}

function remainsOf({ operation }: HeldRecord): Pick<Migration, "hasRemains" | "leftBy"> {
  return { hasRemains: true, leftBy: operation };
}

/** An inventory leaves nothing. Remains of an earlier migration count until one is complete or everything is gone. */
function isToRemember({ completed, hasRemains }: Migration): boolean {
  return hasRemains === true || isPast(completed, "sideBySide");
}

/** After rerunning the undos of a failed migration: if all succeeded, the migration is where `reached` says. */
function migratedBack(record: RecordIn<"Compensating">, reached: Migration, isUndone: boolean): OnboardedRecord {
  const {
    compensates: _tried,
    migration,
    earlier: _earlier,
    previous: _previous,
    takenBy: _taken,
    ...lasting
  } = record;
  const { leftBy: _over, ...undone } = reached;
  const now = isUndone ? undone : { ...(migration ?? undone), ...remainsOf(record) };
  return { ...lasting, state: "Onboarded", ...(isToRemember(now) ? { migration: now } : {}) };
}
