/** How a namespace gets access to a target, and how it is revoked; families.ts knows what that is for each kind. */
import { z } from "zod";
import { IdentityPair } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, throwConflict, toNotice, toOperationError, toStepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy } from "../../domain/request/request.ts";
import type { TargetStepName } from "../../domain/targets/index.ts";
import { findTarget, findTargetOf, keyOf, placeOf, TargetRequest } from "../../domain/targets/namedTarget.ts";
import type { Ports } from "../../ports/index.ts";
import { withDependants } from "../definitions/dependants.ts";
import { knownIdentities } from "../definitions/knownIdentities.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf, identityOf, isKnown, type OperationFacts } from "../definitions/operationFacts.ts";
import { askToGive, type Permit } from "../definitions/permit.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineStep, type Planning, type StepContext, type StepResult } from "../definitions/step.ts";
import type { About, Decision, Revoking } from "../definitions/targetFamily.ts";
import { eachByItself, noticesOfStaying, tidyAfterwards } from "../definitions/tidying.ts";
import { targetAt } from "./families.ts";
import { atPlaces, findPlaces, noticesOfUnknown, placesOf, staying } from "./findPlaces.ts";
import { locksOnChanging, type Placed } from "./locks.ts";

type Step = TargetStepName<"namedTarget">;

interface TargetInput extends NamespaceRef {
  readonly operation: string;
  readonly target: TargetRequest;
}

function aboutTarget(
  ports: Ports,
  { cluster, namespace, target }: Omit<TargetInput, "operation">,
  recalling?: Parameters<typeof recallOf>[2],
): About {
  const namespaceRef = { cluster, namespace };
  return { namespaceRef, target: keyOf(target), ...recallOf(ports, namespaceRef, recalling) };
}

/** One step may act in several places: where the catalog has the target, and where it had it before. */
function joined(decisions: readonly Decision[]): Decision {
  const conflict = decisions.find((each) => each.conflict)?.conflict;
  return {
    action: strongest(decisions.map(({ action }) => action)),
    differences: decisions.flatMap(({ differences }) => differences),
    conflict,
    others: decisions.flatMap(({ others = [] }) => others),
    leftOut: decisions.flatMap(({ leftOut = [] }) => leftOut),
    lent: decisions.flatMap(({ lent = [] }) => lent),
    writes: eachByItself(decisions.flatMap(({ writes }) => (writes.length > 0 ? [() => inOrder(writes)] : []))),
  };
}

async function inOrder(writes: Decision["writes"]): Promise<void> {
  for (const write of writes) await write();
}

/** A place that cannot be looked at: it fails the step once the others are done. */
function failing(place: Placed["place"], why: unknown): Placed {
  const fail = async () => {
    throw why;
  };
  return { place, decision: { action: "none", differences: [], writes: [fail] } };
}

function toPlan(name: Step, { target }: TargetInput, decision: Decision): StepPlan {
  return toStepPlan({ name, target: keyOf(target) }, decision);
}

/** `said` are the notices that the step has given already. */
async function act(
  ports: Ports,
  step: StepContext,
  { target, ...input }: TargetInput,
  { decision, placed, said }: Planned & { readonly said: readonly OperationError[] },
): Promise<StepResult> {
  const { action, differences, conflict, writes } = decision;
  if (writes.length > 0) {
    const doing = action === "conflict" ? "update" : action;
    // A try that can only fail, since no look was answered, says nothing in place of what an earlier one said.
    if (doing !== "none") await step.willDo(doing, differences, { isMarked: doing === "create" });
    await inOrder(writes);
  }
  // At one place it keeps none of the others from being revoked.
  throwConflict(conflict);
  const { operation, cluster, namespace } = input;
  const about = { operation, cluster, namespace, resource: "target", target: keyOf(target) } as const;
  const stays: OperationError[] = [];
  for (const {
    place,
    decision: { tidying = [] },
  } of placed)
    stays.push(...(await tidyAfterwards(ports, step, { ...about, place }, tidying)));
  if (stays.length > 0) await step.notice([...said, ...stays]);
  return { action };
}

function noticesOfLeftOut({ leftOut = [] }: Decision): readonly OperationError[] {
  return leftOut.map((each) => toNotice("TARGET_PARTLY_GIVEN", each));
}

// ——— Giving ———

interface GrantInput extends TargetInput {
  readonly adoptionPolicy: AdoptionPolicy;
  readonly identity: IdentityPair;
  readonly takesBack?: boolean | undefined;
}

/** What is decided, in which places, and what of it is left as it is. */
interface Planned {
  readonly decision: Decision;
  readonly placed: readonly Placed[];
  readonly left: readonly OperationError[];
}

/** The plan, with what keeps a part of it from being done. */
async function withKept(ports: Ports, plan: StepPlan, { placed, left }: Planned): Promise<StepPlan> {
  const locks = await locksOnChanging(ports, { target: plan.target, placed });
  const stays = placed.flatMap(({ decision }) => [...noticesOfStaying(decision.stays), ...noticesOfLeftOut(decision)]);
  return withDependants(plan, [{ blockers: [], notices: [...left, ...stays] }, locks], false);
}

async function mayGive(ports: Ports, input: GrantInput, isPlan: boolean): Promise<Permit> {
  const { target, takesBack: isRepair = false } = input;
  return await askToGive(ports, { ...input, wanted: { databases: [], targets: [target] }, isRepair, isPlan });
}

async function planGrant(
  ports: Ports,
  input: GrantInput,
  {
    permit,
    adoptIdentity,
    isPlan = false,
  }: { readonly permit: Permit; readonly adoptIdentity?: string | undefined; readonly isPlan?: boolean },
): Promise<Planned> {
  const place = placeOf(findTarget(ports.catalog, input.target));
  const { operation, adoptionPolicy } = input;
  const identity = isKnown(input.identity) ? input.identity : undefined;
  const about = aboutTarget(ports, input, { identity, adoptIdentity });
  const isNew = input.takesBack !== true && permit.isFirst;
  const { access } = input.target;
  const giving = targetAt(place).planGrant(ports, {
    ...about,
    ...{
      permit,
      operation,
      access,
      adoptionPolicy,
      identity,
      isFirst: isNew,
      revokesSurplus: input.takesBack ?? isNew,
    },
  });
  if (input.takesBack !== true) {
    const decision = await giving;
    return { decision, placed: [{ place, decision }], left: [] };
  }
  // What cannot be given keeps nothing from being revoked elsewhere.
  const [given] = await Promise.allSettled([giving]);
  if (given.status === "rejected" && isPlan) throw given.reason;
  const granted = given.status === "fulfilled" ? given.value : failing(place, given.reason).decision;
  const here = { place, decision: granted };
  // A repair also clears the places where the catalog had the target before.
  const { known, unknown } = await findPlaces(ports, about.namespaceRef, about.target);
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
    placed: [{ ...here, isUnchecked: true }, ...revoked],
    left: noticesOfUnknown(about.target, { unknown }),
  };
}

const grantTarget = defineStep({
  name: "grantTarget",
  stage: "connect",
  target: ({ target }) => keyOf(target),
  undo: { by: "revokeTarget" },
  given: {
    target: TargetRequest,
    adoptionPolicy: AdoptionPolicy,
    identity: IdentityPair,
    /** Revoke what Mooring gave and the request does not ask for; a change does so only at its end. */
    takesBack: z.boolean().optional(),
  },
  from: (operation, target) => ({
    target: findTargetOf(operation.request, target),
    adoptionPolicy: operation.request.adoptionPolicy,
    identity: IdentityPair.parse(identityOf(operation)),
    ...(operation.kind === "repair" ? { takesBack: true } : {}),
  }),
  async look(ports, input, { operator }) {
    const permit = await mayGive(ports, input, true);
    const planned = await planGrant(ports, input, { permit, adoptIdentity: operator?.adoptIdentity, isPlan: true });
    return await withKept(ports, toPlan("grantTarget", input, planned.decision), planned);
  },
  async run(input, ports, step) {
    const planned = await planGrant(ports, input, { permit: await mayGive(ports, input, false) });
    const said = [...planned.left, ...noticesOfLeftOut(planned.decision)];
    if (said.length > 0) await step.notice(said);
    return await act(ports, step, input, { ...planned, said });
  },
  // Only a repair revokes at once. What it repairs was given before; any other operation has to give it, and fails.
  whenDropped: ({ takesBack }) => (takesBack === true ? leave() : undefined),
});

// ——— Revoking ———

function grantsBeside({ beside = [] }: Pick<Planning, "beside">, target: string): boolean {
  return beside.some((step) => step.name === "grantTarget" && step.target === target);
}

function grantedBefore(target: string, { beside, ...operation }: Planning): Revoking["granted"] {
  if (!grantsBeside({ beside }, target)) return undefined;
  const identity = IdentityPair.parse(identityOf(operation));
  return { to: isKnown(identity) ? identity : undefined };
}

/** `keep` is what the namespace has left, by the alias of whatever target has the same place. */
async function planRevocation(
  ports: Ports,
  input: TargetInput & { readonly createdBy?: string | undefined },
  kept: readonly TargetRequest[],
  planning?: Pick<Planning, "beside"> & { readonly granted: Revoking["granted"] },
): Promise<Planned> {
  const about = aboutTarget(ports, input, { withoutRecord: "ours" });
  const { createdBy } = input;
  const all = await placesOf(ports, about.namespaceRef);
  const places = all(about.target);
  // What a plan gives beside, the record knows once the operation has begun.
  const used = (target: string) =>
    planning && grantsBeside(planning, target) ? { ...all(target), isMoved: false } : all(target);
  const decide = async (place: Placed["place"]): Promise<Placed> => {
    const revoking = { ...about, ...staying(used, place, kept), createdBy, granted: planning?.granted };
    return { place, decision: await targetAt(place).planRevocation(ports, revoking) };
  };
  const placed = await atPlaces(places, about.target, decide, planning ? undefined : failing);
  // An undo revokes only what its own operation gave, and that was in a place of the catalog.
  const left = createdBy === undefined ? noticesOfUnknown(about.target, places) : [];
  return { decision: joined(placed.map(({ decision }) => decision)), placed, left };
}

type RevocationInput = Omit<TargetInput, "operation"> & { readonly kept: readonly TargetRequest[] };

interface RevokingStep<Name extends Step> {
  readonly name: Name;
  readonly stage: "replace" | "disconnect";
  readonly requestOf: (operation: OperationFacts) => OperationFacts["request"];
  /** What stays of the request. */
  readonly keptOf: (operation: OperationFacts) => readonly TargetRequest[];
  /**
   * What the identity keeps of others, a sentence each: said before anything is revoked; the step itself only reports it. `kind` is
   * that of the operation; undefined for the step itself.
   */
  readonly findKept?: (
    ports: Ports,
    input: RevocationInput,
    revocation: Decision,
    kind?: Planning["kind"],
  ) => Promise<readonly string[]>;
}

function revokingStep<const Name extends Step>({
  name,
  stage,
  requestOf,
  keptOf,
  findKept = async () => [],
}: RevokingStep<Name>) {
  return defineStep({
    name,
    stage,
    target: ({ target }) => keyOf(target),
    given: { target: TargetRequest, kept: z.array(TargetRequest).readonly() },
    from: (operation, target) => ({ target: findTargetOf(requestOf(operation), target), kept: keptOf(operation) }),
    async look(ports, input, { kind, ignoreDependants = false, ...planning }) {
      const granted = grantedBefore(keyOf(input.target), { kind, ...planning });
      const planned = await planRevocation(ports, input, input.kept, { granted, beside: planning.beside });
      const { decision: revocation } = planned;
      const found = await findKept(ports, input, revocation, kind);
      const blockers = found.map((message) => toOperationError(ofOthers, message));
      const plan = withDependants(toPlan(name, input, revocation), [{ blockers, notices: [] }], ignoreDependants);
      return await withKept(ports, plan, planned);
    },
    async run(input, ports, step) {
      const planned = await planRevocation(ports, input, input.kept);
      const { decision: revocation, left } = planned;
      // What others gave is only named: where it cannot be read, that fails the step once the rest is revoked.
      const [found] = await Promise.allSettled([findKept(ports, input, revocation)]);
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
const stays = ({ request: { targets = [] } }: OperationFacts) => targets;

/** Revokes what Mooring gave beyond the access of the request. */
const narrowTarget = revokingStep({ name: "narrowTarget", stage: "replace", requestOf: current, keptOf: stays });
/** Revokes everything on a target that a change leaves out. */
const retireTarget = revokingStep({
  ...{ name: "retireTarget", stage: "replace", requestOf: earlierOf, keptOf: stays },
  async findKept(ports, input, { others = [], lent = [] }, kind) {
    // An offboarding leaves what was there before as it was.
    return kind === "offboard" ? others : [...others, ...lent, ...(await findLent(ports, input))];
  },
});
const ofOthers = "TARGET_ACCESS_OF_OTHERS";

/** Roles in Azure, or in a Cosmos DB account, that somebody else gave the identity. */
async function findLent(ports: Ports, { kept, ...input }: RevocationInput): Promise<readonly string[]> {
  const about = aboutTarget(ports, input);
  const all = await placesOf(ports, about.namespaceRef);
  const places = all(about.target).known.filter(({ place, isListed }) => isListed && place.kind !== "postgresql");
  if (places.length === 0) return [];
  const identities = await knownIdentities(ports, about.namespaceRef);
  const found = places.flatMap(({ place }) =>
    identities.map(async (identity) => {
      const { keep: access } = staying(all, place, kept);
      const findings = await targetAt(place).inspect(ports, { ...about, access, identity, note: () => undefined });
      return findings.filter(({ code }) => code === "GRANT_ADDED").map(({ field }) => field);
    }),
  );
  return [...new Set((await Promise.all(found)).flat())].map(
    (role) => `On ${about.target} somebody else gave the identity the role ${role}, which it would keep.`,
  );
}

/** Revokes everything, or what one operation gave. */
const revokeTarget = revokingStep({
  ...{ name: "revokeTarget", stage: "disconnect", requestOf: current, keptOf: () => [] },
  async findKept(_ports, _input, { others = [] }, kind) {
    return kind === undefined || kind === "offboard" ? others : [];
  },
});

export const targetSteps = { grantTarget, narrowTarget, retireTarget, revokeTarget };
