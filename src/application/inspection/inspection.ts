/** Reads back everything of a namespace: what differs from the request, and which things are the namespace's. Reads only. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { identityName } from "../../domain/naming/names.ts";
import type { KnownThing } from "../../domain/naming/ownership.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import type { Inspection, InspectionInput, Reading, SeenThing } from "../../resources/definitions/inspection.ts";
import type { Resource } from "../../resources/definitions/resource.ts";
import { readIdentity } from "../../resources/identity/resource.ts";
import { isGiven, judgedRoles, resourcesFor } from "../../resources/index.ts";
import { readOnce } from "../answers.ts";
import { withForbidden } from "./forbidden.ts";

export interface Inspected {
  readonly findings: readonly Finding[];
  /** The things that exist, for the namespace's record. */
  readonly things: readonly KnownThing[];
}

/** Which resources to inspect; by default, all. */
interface Scope {
  readonly isMeant?: (resource: Resource) => boolean;
}

export async function inspectNamespace(
  ports: Ports,
  inspection: Inspection,
  scope: Scope = {},
): Promise<readonly Finding[]> {
  return (await readNamespace(ports, inspection, scope)).findings;
}

export async function readNamespace(given: Ports, inspection: Inspection, scope: Scope = {}): Promise<Inspected> {
  const ports = readOnce(given);
  const seen: SeenThing[] = [];
  // Several targets may share a thing.
  const note = (each: SeenThing) => {
    if (!seen.some(({ thing, id }) => thing === each.thing && id === each.id)) seen.push(each);
  };
  const findings = await withForbidden(
    ports,
    inspection.request,
    await readBack(ports, inspection, { ...scope, note }),
  );
  const lost = seen.flatMap((each) => {
    const { thing: target, field, mark } = each;
    const isLost = mark === undefined && Boolean(findRecorded(inspection, each));
    return isLost ? [finding("MARK_MISSING", target, { field, expected: "Mooring's mark", found: null })] : [];
  });
  const things = seen.flatMap((each): readonly KnownThing[] => {
    const { thing, id, mark = findRecorded(inspection, each) ?? "" } = each;
    return id === undefined || mark.length > longestMark ? [] : [{ thing, id, mark }];
  });
  return { findings: [...findings, ...lost], things };
}

/** The record shares its row with everything else that is known of the namespace. */
const longestMark = 4_000;

function findRecorded({ things = [] }: Inspection, { thing, id }: SeenThing): string | undefined {
  return things.find((each) => each.thing === thing && each.id === id)?.mark;
}

async function readBack(
  ports: Ports,
  inspection: Inspection,
  { note, isMeant = () => true }: Scope & { readonly note: (seen: SeenThing) => void },
): Promise<readonly Finding[]> {
  const reading = readIdentity(ports, inspection, note);
  const found = reading.then(
    ({ identity }) => identity,
    // That it cannot be read is a finding of its own.
    () => undefined,
  );
  const readOthers = (identity: Identified) =>
    readResources(ports, { ...inspection, ...identity, identity: found }, isMeant);
  // At the same time, as if the identity were still the one that was onboarded, which it nearly always is.
  const { clientId: onboarded } = inspection;
  const early = onboarded === undefined ? undefined : readOthers({ clientId: onboarded, hasIdentity: true });
  early?.catch(() => undefined);

  const identityFindings = await readable(
    inspection,
    identityName(inspection.request),
    async () => (await reading).findings,
  );
  const identity = await found;
  // Users and objects are right if they name the identity that exists or, when it is gone, the previous one.
  const clientId = identity?.clientId ?? onboarded;
  if (clientId === undefined) return identityFindings;
  const isAsAssumed = identity !== undefined && clientId === onboarded;
  const others = await ((isAsAssumed && early) || readOthers({ clientId, hasIdentity: identity !== undefined }));
  for (const seen of others.seen) note(seen);
  return [...identityFindings, ...others.findings];
}

type Identified = Pick<InspectionInput, "clientId" | "hasIdentity">;

/** Everything but the identity. */
async function readResources(
  ports: Ports,
  inspection: Omit<InspectionInput, "note" | "gaveRole" | "judgedRoles">,
  isMeant: (resource: Resource) => boolean,
): Promise<{ readonly findings: readonly Finding[]; readonly seen: readonly SeenThing[] }> {
  const seen: SeenThing[] = [];
  const { request, earlier } = inspection;
  const gaveRole = (role: RoleAssignment) => isGiven(request, role);
  const roles = { gaveRole, judgedRoles: () => judgedRoles(ports, [request, earlier]) };
  const input = { ...inspection, ...roles, note: (thing: SeenThing) => void seen.push(thing) };
  const readingsBy = (asking: Ports) =>
    resourcesFor(request)
      .filter(isMeant)
      .flatMap((each) => each.inspect(asking, input));
  const index = inspection.isFresh ? undefined : ports.index;
  const known = index ? readingsBy(index.elsewhere(ports)) : [];
  const readings = readingsBy(ports)
    .map((fresh, place) => unlessNothingIsThere(known[place], fresh))
    .filter(({ needsPast, isElsewhere }) => !(inspection.isNew && (needsPast || (isElsewhere && index))));
  const findings = await Promise.all(
    [...Map.groupBy(readings, ({ target }) => target)].map(([target, together]) =>
      readable(inspection, target, async () => (await Promise.all(together.map(({ read }) => read()))).flat()),
    ),
  );
  return { findings: findings.flat(), seen };
}

/** What is known of other places is no finding: only a fresh look has one. */
function unlessNothingIsThere(known: Reading | undefined, fresh: Reading): Reading {
  if (!known || !(fresh.needsPast || fresh.isElsewhere)) return fresh;
  return { ...fresh, read: async () => ((await known.read()).length === 0 ? [] : await fresh.read()) };
}

/** A refusal is itself a finding; a transient error says nothing and leaves the question open. */
async function readable(
  { findsUnread = false }: Pick<Inspection, "findsUnread">,
  target: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const isFinding = error instanceof PermanentError || (findsUnread && error instanceof TransientError);
    if (!isFinding) throw error;
    return [finding("UNREADABLE", target, { field: "read", expected: null, found: `${error.code}: ${error.message}` })];
  }
}
