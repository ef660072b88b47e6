/** How a namespace gets access to a target, and how it is revoked; families.ts knows what that is for each kind. */
import { z } from "zod";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, stays, toNotice, toOperationError, toStepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { TargetKindName, TargetStepName } from "../../domain/targets/index.ts";
import { TargetRequest } from "../../domain/targets/namedTarget.ts";
import { type Wanted, wantedIn } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import { withDependants } from "../definitions/dependants.ts";
import { joined } from "../definitions/joined.ts";
import { knownIdentities } from "../definitions/knownIdentities.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf, identityOf, isKnown, type OperationFacts } from "../definitions/operationFacts.ts";
import { askToGive } from "../definitions/permit.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineStep, type Planning, type StepContext, type StepResult } from "../definitions/step.ts";
import type { About, Decision, Revoking } from "../definitions/targetFamily.ts";
import { carryOut, noticesOfStaying, tidyAfterwards } from "../definitions/tidying.ts";
import { type AnyPlace, targetAt } from "./families.ts";
import {
  allowedPlace,
  atPlaces,
  noticesOfUnknown,
  type PlacesOf,
  placesIn,
  placesOf,
  rowOf,
  staying,
} from "./findPlaces.ts";
import { locksOnChanging, type Placed } from "./locks.ts";
import { type Recorded, recorded, recordedOf, spellings, targetsBy, wantedBy } from "./requested.ts";

interface TargetInput extends NamespaceRef, Recorded {
  readonly operation: string;
}

const keyIn = (input: Recorded) => wantedBy(input).key;

function aboutTarget(
  ports: Ports,
  { cluster, namespace, ...input }: Omit<TargetInput, "operation">,
  recalling?: Parameters<typeof recallOf>[2],
): About {
  const namespaceRef = { cluster, namespace };
  return { namespaceRef, target: keyIn(input), ...recallOf(ports, namespaceRef, recalling) };
}

/** A place that cannot be looked at: it fails the step once the others are done. */
function failing(place: AnyPlace, why: unknown): Placed {
  const fail = async () => {
    throw why;
  };
  return { place, decision: { action: "none", differences: [], writes: [fail] } };
}

/** What is decided, in which places, and what of it is left as it is. */
interface Planned {
  readonly decision: Decision;
  readonly placed: readonly Placed[];
  readonly left: readonly OperationError[];
}

/** `said` are the notices that the step has given already. */
async function act(
  ports: Ports,
  step: StepContext,
  input: TargetInput,
  { decision, placed, said }: Planned & { readonly said: readonly OperationError[] },
): Promise<StepResult> {
  const { action, differences, writes } = decision;
  const doing = action === "conflict" ? "update" : action;
  // A try that can only fail, since no look was answered, says nothing in place of what an earlier one said.
  if (writes.length > 0 && doing !== "none") {
    const changed = differences.filter(({ desired }) => desired !== stays);
    await step.willDo(doing, changed, { isMarked: doing === "create" });
  }
  await carryOut(decision);
  const { operation, cluster, namespace } = input;
  const { kind, key: target } = wantedBy(input);
  const about = { operation, cluster, namespace, resource: spellings[kind].resource, target };
  const left: OperationError[] = [];
  for (const {
    place,
    decision: { tidying = [] },
  } of placed)
    left.push(...(await tidyAfterwards(ports, step, { ...about, place: rowOf(place) }, tidying)));
  if (left.length > 0) await step.notice([...said, ...left]);
  return { action };
}

/** The plan, with what keeps a part of it from being done. */
async function withKept(ports: Ports, plan: StepPlan, { placed, left }: Planned): Promise<StepPlan> {
  const locks = await locksOnChanging(ports, { target: plan.target, placed });
  const tidied = placed.flatMap(({ decision }) => noticesOfStaying(decision.stays));
  return withDependants(plan, [{ blockers: [], notices: [...left, ...tidied] }, locks], false);
}

// ——— Giving ———

interface GrantInput extends TargetInput {
  readonly adoptionPolicy: AdoptionPolicy;
  readonly identity: IdentityPair;
  readonly takesBack?: boolean | undefined;
}

async function planGrant(
  ports: Ports,
  input: GrantInput,
  { isPlan, operator }: Pick<Planning, "operator"> & { readonly isPlan: boolean },
): Promise<Planned> {
  const { takesBack, operation, adoptionPolicy } = input;
  const asked = { ...input, wanted: targetsBy(input), isRepair: takesBack === true, isPlan };
  const permit = await askToGive(ports, asked);
  const wanted = wantedBy(input);
  const place = allowedPlace(ports.catalog, wanted);
  const identity = isKnown(input.identity) ? input.identity : undefined;
  const about = aboutTarget(ports, input, { identity, adoptIdentity: operator?.adoptIdentity });
  const isFirst = takesBack !== true && permit.isFirst;
  const giving = targetAt(place).planGrant(ports, {
    ...{ ...about, permit, operation, adoptionPolicy, identity, isFirst, isPlan },
    access: wanted.access,
    revokesSurplus: takesBack ?? isFirst,
  });
  if (takesBack !== true) {
    const decision = await giving;
    return { decision, placed: [{ place, decision }], left: [] };
  }
  // What cannot be given keeps nothing from being revoked elsewhere.
  const [given] = await Promise.allSettled([giving]);
  if (given.status === "rejected" && isPlan) throw given.reason;
  const granted = given.status === "fulfilled" ? given.value : failing(place, given.reason).decision;
  // A repair also clears the places where the catalog had the target before.
  const { known, unknown } = placesIn(ports.catalog, permit.record)(wanted);
  const earlier = known.filter(({ isListed }) => !isListed);
  const revoked = await Promise.all(
    earlier.map(async ({ place: at }) => {
      const decision = await targetAt(at).planRevocation(ports, { ...about, keep: [], keepsResource: true });
      return { place: at, decision };
    }),
  );
  const decisions = revoked.map(({ decision }) => decision).filter(({ writes }) => writes.length > 0);
  if (given.status === "rejected" && decisions.length === 0) throw given.reason;
  const action = granted.action === "conflict" ? "conflict" : "update";
  return {
    decision: decisions.length > 0 ? { ...joined([...decisions, granted]), action } : granted,
    placed: [{ place, decision: granted, isUnchecked: true }, ...revoked],
    left: noticesOfUnknown(about.target, { unknown }),
  };
}

/** On a database, steps record all that is known of the identity. */
function recipientOf(kind: TargetKindName, operation: OperationFacts): IdentityPair {
  const identity = identityOf(operation);
  return kind === "sqlDatabase" ? identity : IdentityPair.parse(identity);
}

function grantStep<const Name extends TargetStepName>(kind: TargetKindName, name: Name) {
  return defineStep({
    name,
    stage: "connect",
    target: keyIn,
    undo: { by: spellings[kind].revoke },
    given: {
      ...recorded,
      adoptionPolicy: AdoptionPolicy,
      identity: IdentityPair,
      /** Revoke what Mooring gave and the request does not ask for; a change does so only at its end. */
      takesBack: z.boolean().optional(),
    },
    from: (operation, key) => ({
      ...recordedOf(operation.request, kind, key),
      adoptionPolicy: operation.request.adoptionPolicy,
      identity: recipientOf(kind, operation),
      ...(operation.kind === "repair" ? { takesBack: true } : {}),
    }),
    async look(ports, input, { operator }) {
      const planned = await planGrant(ports, input, { operator, isPlan: true });
      return await withKept(ports, toStepPlan({ name, target: keyIn(input) }, planned.decision), planned);
    },
    async run(input, ports, step) {
      const planned = await planGrant(ports, input, { isPlan: false });
      const { notices = [] } = planned.decision;
      const said = [...planned.left, ...notices.map(({ code, message }) => toNotice(code, message))];
      if (said.length > 0) await step.notice(said);
      return await act(ports, step, input, { ...planned, said });
    },
    // Only a repair revokes at once. What it repairs was given before; any other operation has to give it, and fails.
    whenDropped: ({ takesBack }) => (takesBack === true ? leave() : undefined),
  });
}

// ——— Revoking ———

function grantsBeside({ beside = [] }: Pick<Planning, "beside">, { kind, key }: Pick<Wanted, "kind" | "key">): boolean {
  return beside.some((step) => step.name === spellings[kind].grant && step.target === key);
}

function grantedBefore(wanted: Wanted, { beside, ...operation }: Planning): Revoking["granted"] {
  if (!grantsBeside({ beside }, wanted)) return undefined;
  const identity = IdentityPair.parse(identityOf(operation));
  return { to: isKnown(identity) ? identity : undefined };
}

interface RevocationInput extends Omit<TargetInput, "operation"> {
  readonly createdBy?: string | undefined;
}

/** `kept` is what the namespace has left, by the alias of whatever target has the same place. */
async function planRevocation(
  ports: Ports,
  input: RevocationInput,
  kept: readonly Wanted[],
  planning?: Pick<Planning, "beside"> & { readonly granted: Revoking["granted"] },
): Promise<Planned> {
  const about = aboutTarget(ports, input, { withoutRecord: "ours" });
  const { createdBy } = input;
  const all = await placesOf(ports, about.namespaceRef);
  const places = all(wantedBy(input));
  // What a plan gives beside, the record knows once the operation has begun.
  const used: PlacesOf = (wanted) =>
    planning && grantsBeside(planning, wanted) ? { ...all(wanted), isMoved: false } : all(wanted);
  const decide = async (place: AnyPlace): Promise<Placed> => {
    const revoking = { ...about, ...staying(used, place, kept), createdBy, granted: planning?.granted };
    return { place, decision: await targetAt(place).planRevocation(ports, revoking) };
  };
  const placed = await atPlaces(places, about.target, decide, planning ? undefined : failing);
  // An undo revokes only what its own operation gave, and that was in a place of the catalog.
  const left = createdBy === undefined ? noticesOfUnknown(about.target, places) : [];
  return { decision: joined(placed.map(({ decision }) => decision)), placed, left };
}

interface RevokingStep {
  readonly stage: "replace" | "disconnect";
  readonly requestOf: (operation: OperationFacts) => OperationFacts["request"];
  /** Whether the request's targets stay. Of these, steps record `targets`; a database has one alias, and either stays or not. */
  readonly keeps: "all" | "others" | "nothing";
  /**
   * What the identity keeps of others, a sentence each: said before anything is revoked; the step itself only reports it. `kind` is
   * that of the operation; undefined for the step itself.
   */
  findKept(
    ports: Ports,
    input: RevocationInput,
    kept: readonly Wanted[],
    found: { readonly revocation: Decision; readonly kind?: Planning["kind"] },
  ): Promise<readonly string[]>;
}

function revokingStep<const Name extends TargetStepName>(
  kindName: TargetKindName,
  name: Name,
  { stage, requestOf, keeps, findKept }: RevokingStep,
) {
  const { ofOthers } = spellings[kindName];
  const keptIn = ({ kept, ...input }: Recorded & { readonly kept?: readonly TargetRequest[] | undefined }) => {
    if (kept) return wantedIn({ databases: [], targets: [...kept] });
    return keeps === "all" ? [wantedBy(input)] : [];
  };
  return defineStep({
    name,
    stage,
    target: keyIn,
    given: { ...recorded, kept: z.array(TargetRequest).readonly().exactOptional() },
    from: (operation, key) => ({
      ...recordedOf(requestOf(operation), kindName, key),
      ...(kindName === "namedTarget" ? { kept: keeps === "nothing" ? [] : (operation.request.targets ?? []) } : {}),
    }),
    async look(ports, input, { kind, ignoreDependants = false, ...planning }) {
      const granted = grantedBefore(wantedBy(input), { kind, ...planning });
      const planned = await planRevocation(ports, input, keptIn(input), { granted, beside: planning.beside });
      const { decision: revocation } = planned;
      const found = await findKept(ports, input, keptIn(input), { revocation, kind });
      const blockers = found.map((message) => toOperationError(ofOthers, message));
      const plan = toStepPlan({ name, target: keyIn(input) }, revocation);
      return await withKept(ports, withDependants(plan, [{ blockers, notices: [] }], ignoreDependants), planned);
    },
    async run(input, ports, step) {
      const planned = await planRevocation(ports, input, keptIn(input));
      const { decision: revocation, left } = planned;
      // What others gave is only named: where it cannot be read, that fails the step once the rest is revoked.
      const [found] = await Promise.allSettled([findKept(ports, input, keptIn(input), { revocation })]);
      const kept = found.status === "fulfilled" ? found.value : [];
      const notices = [...left, ...kept.map((message) => toNotice(ofOthers, message))];
      if (notices.length > 0) await step.notice(notices);
      const done = await act(ports, step, input, { ...planned, said: notices });
      if (found.status === "rejected") throw found.reason;
      return done;
    },
    whenDropped: leave,
  });
}

const current = ({ request }: OperationFacts) => request;

/** Revokes what Mooring gave beyond the access of the request. */
const narrowing: RevokingStep = { stage: "replace", requestOf: current, keeps: "all", findKept: async () => [] };

/** Revokes everything on a target that a change leaves out. */
const retiring: RevokingStep = {
  ...{ stage: "replace", requestOf: earlierOf, keeps: "others" },
  async findKept(ports, input, kept, { revocation: { others = [], lent = [] }, kind }) {
    // An offboarding leaves what was there before as it was.
    return kind === "offboard" ? others : [...others, ...lent, ...(await findLent(ports, input, kept))];
  },
};

/** Revokes everything, or what one operation gave. */
const revoking: RevokingStep = {
  ...{ stage: "disconnect", requestOf: current, keeps: "nothing" },
  async findKept(_ports, _input, _kept, { revocation: { others = [] }, kind }) {
    return kind === undefined || kind === "offboard" ? others : [];
  },
};

/** Roles in Azure, or in a Cosmos DB account, that somebody else gave the identity. Of others, their revocation says it. */
async function findLent(ports: Ports, input: RevocationInput, kept: readonly Wanted[]): Promise<readonly string[]> {
  if (input.database) return [];
  const about = aboutTarget(ports, input);
  const all = await placesOf(ports, about.namespaceRef);
  const { known } = all(wantedBy(input));
  const places = known.filter(({ place, isListed }) => isListed && place.kind !== "postgresql");
  if (places.length === 0) return [];
  const identities = await knownIdentities(ports, about.namespaceRef);
  const found = places.flatMap(({ place }) =>
    identities.map(async (identity) => {
      const { keep: access } = staying(all, place, kept);
      const of = { clientId: identity.clientId, identity: async () => identity, note: () => undefined };
      const findings = await targetAt(place).inspect(ports, { ...about, access, ...of });
      return findings.filter(({ code }) => code === "GRANT_ADDED").map(({ field }) => field);
    }),
  );
  return [...new Set((await Promise.all(found)).flat())].map(
    (role) => `On ${about.target} somebody else gave the identity the role ${role}, which it would keep.`,
  );
}

export const databaseSteps = {
  grantDatabase: grantStep("sqlDatabase", "grantDatabase"),
  narrowDatabase: revokingStep("sqlDatabase", "narrowDatabase", narrowing),
  retireDatabase: revokingStep("sqlDatabase", "retireDatabase", retiring),
  revokeDatabase: revokingStep("sqlDatabase", "revokeDatabase", revoking),
};

export const targetSteps = {
  grantTarget: grantStep("namedTarget", "grantTarget"),
  narrowTarget: revokingStep("namedTarget", "narrowTarget", narrowing),
  retireTarget: revokingStep("namedTarget", "retireTarget", retiring),
  revokeTarget: revokingStep("namedTarget", "revokeTarget", revoking),
};
