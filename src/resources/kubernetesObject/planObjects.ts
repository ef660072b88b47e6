/**
 * The plan of a step that writes Kubernetes objects. Each write is first tried as a dry run (dryRun=All, strict field
 * validation): whatever the API server's admission, quotas, authorization or validation refuses blocks the plan before anything
 * is written, and what it would store shows what changes.
 */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { PermanentError } from "../../domain/errors.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { OperationKind } from "../../domain/operation/operation.ts";
import { type Blocker, type Difference, type Notice, type StepPlan, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { Kubernetes, KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import {
  actionOfEnsuring,
  differencesAfter,
  type EnsureInput,
  findAlteration,
  isRoleOf,
  nameOf,
  needsForce,
  type ObjectDecision,
  planObject,
  refOf,
} from "./ensureObjects.ts";
import {
  actionOfRemoval,
  type Leaving,
  planRemoval,
  type RemoveInput,
  reconsider,
  removeOrRelease,
} from "./removeObjects.ts";
import { planRestoration, type Rewritten } from "./restoreObjects.ts";

type Asked = Pick<Kubernetes, "get" | "apply" | "remove" | "whyForbidden">;

/** The cluster's answer to one write. */
interface Rehearsal {
  readonly differences: readonly Difference[];
  readonly conflict?: Blocker | undefined;
  /** What could not be checked, and why. */
  readonly notice?: Notice;
}

export async function planObjects(
  kubernetes: Asked,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
  { step, kind, ...input }: EnsureInput & { readonly step: StepKey; readonly kind: OperationKind },
): Promise<StepPlan> {
  // An onboarding nearly always begins with nothing there, so that is rehearsed while it is checked.
  const isAlone = (each: KubernetesObject) => !desired.some((other) => isRoleOf(each, other));
  const early =
    kind === "onboard"
      ? desired.map((each) => (isAlone(each) ? rehearseNew(kubernetes, cluster, each, input) : undefined))
      : [];
  for (const rehearsal of early) rehearsal?.catch(() => undefined);
  const [decisions, hasNamespace] = await Promise.all([
    Promise.all(desired.map((each) => planObject(kubernetes, cluster, each, input))),
    hasNamespaceFor(kubernetes, cluster, desired),
  ]);
  const rehearsals = await Promise.all(
    decisions.map(async (decision, index) => {
      const isAbsent = !decision.current && (decision.object?.metadata.namespace === undefined || !hasNamespace);
      const asAssumed = isAbsent ? await early[index] : undefined;
      // What is refused may have met the one that was there then, and is gone.
      if (asAssumed && !asAssumed.conflict) return asAssumed;
      const lacksRole = decisions.some(({ current, object }) => !current && isRoleOf(decision.object, object));
      return await rehearse(kubernetes, cluster, decision, { ...input, hasNamespace, lacksRole });
    }),
  );
  return toStepPlan(step, {
    action: actionOfEnsuring(desired, decisions),
    ...summarize(rehearsals, decisions),
  });
}

/** The cluster as it will be once these objects have been brought there: what a dry run of that answers. */
export function onceBrought<K extends Asked>(
  kubernetes: K,
  desired: readonly KubernetesObject[],
  input: EnsureInput,
): K {
  return {
    ...kubernetes,
    async get(cluster: ClusterTarget, ref: ObjectRef) {
      const wanted = desired.find((each) => isAt(ref, refOf(each)));
      if (!wanted) return await kubernetes.get(cluster, ref);
      const decision = await planObject(kubernetes, cluster, wanted, input);
      if (!decision.object || decision.conflict || decision.replaces) return decision.current;
      return await kubernetes.apply(cluster, decision.object, { dryRun: true, force: needsForce(decision, input) });
    },
  };
}

function isAt(ref: ObjectRef, { apiVersion, kind, name, namespace }: ObjectRef): boolean {
  return ref.apiVersion === apiVersion && ref.kind === kind && ref.name === name && ref.namespace === namespace;
}

export async function planObjectRemoval(
  kubernetes: Asked,
  cluster: ClusterTarget,
  refs: readonly Leaving[],
  { step, ...input }: RemoveInput & { readonly step: StepKey },
): Promise<StepPlan> {
  const planned = await planRemoval(kubernetes, cluster, refs, input);
  const decisions = await Promise.all(
    refs.map(async (ref, index) => {
      const decision = planned[index];
      if (!decision) throw new Error(`nothing was decided about ${ref.kind} ${ref.name}`);
      return await reconsider(kubernetes, cluster, { ref, decision }, input);
    }),
  );
  const rehearsals = await Promise.all(
    decisions.map(async (decision): Promise<Rehearsal> => {
      const { action, differences } = decision;
      if (action === "none") return { differences };
      return await ask(differences, async () => {
        await removeOrRelease(kubernetes, cluster, decision, true);
        return { differences };
      });
    }),
  );
  return toStepPlan(step, { action: actionOfRemoval(decisions), ...summarize(rehearsals) });
}

export async function planObjectRestoration(
  kubernetes: Asked,
  cluster: ClusterTarget,
  rewritten: readonly Rewritten[],
  { step, ...namespaceRef }: NamespaceRef & { readonly step: StepKey },
): Promise<StepPlan> {
  const decisions = await Promise.all(
    rewritten.map((each) => planRestoration(kubernetes, cluster, each, namespaceRef)),
  );
  const rehearsals = await Promise.all(
    decisions.map(({ object, differences }) =>
      ask(differences, async () => {
        if (object) await kubernetes.apply(cluster, object, { dryRun: true });
        return { differences };
      }),
    ),
  );
  return toStepPlan(step, { action: strongest(decisions.map(({ action }) => action)), ...summarize(rehearsals) });
}

/** All objects of a step are in one namespace, or are that namespace. */
async function hasNamespaceFor(
  kubernetes: Asked,
  cluster: ClusterTarget,
  desired: readonly KubernetesObject[],
): Promise<boolean> {
  const name = desired.find(({ metadata }) => metadata.namespace !== undefined)?.metadata.namespace;
  if (name === undefined) return true;
  return (await kubernetes.get(cluster, { apiVersion: "v1", kind: "Namespace", name })) !== undefined;
}

/** For an object that does not exist, nor its namespace. */
async function rehearseNew(
  kubernetes: Asked,
  cluster: ClusterTarget,
  desired: KubernetesObject,
  input: EnsureInput,
): Promise<Rehearsal> {
  const decision = await planObject({ get: async () => undefined }, cluster, desired, input);
  return await rehearse(kubernetes, cluster, decision, { ...input, hasNamespace: false });
}

async function rehearse(
  kubernetes: Asked,
  cluster: ClusterTarget,
  decision: ObjectDecision,
  {
    hasNamespace,
    lacksRole = false,
    ...input
  }: EnsureInput & { readonly hasNamespace: boolean; readonly lacksRole?: boolean },
): Promise<Rehearsal> {
  const { object, differences, conflict, replaces } = decision;
  if (!object || conflict) return { differences };
  const name = nameOf(object);
  return await ask(differences, async () => {
    if (replaces) {
      // Nothing can be tried on top of what will be gone: only the removal, and the permission.
      await kubernetes.remove(cluster, refOf(object), replaces, { dryRun: true });
      return { differences, conflict: await forbids(kubernetes, cluster, object) };
    }
    if (!lacksRole && (object.metadata.namespace === undefined || hasNamespace)) {
      try {
        const after = await kubernetes.apply(cluster, object, { dryRun: true, force: needsForce(decision, input) });
        return { differences: differencesAfter(decision, after), conflict: findAlteration(object, after) };
      } catch (error) {
        // A namespace that was terminating may be gone by now.
        const isRefused = error instanceof PermanentError && error.code === "KUBERNETES_REJECTED";
        if (!isRefused || (await hasNamespaceFor(kubernetes, cluster, [object]))) throw error;
      }
    }
    // In a missing namespace, and for a missing role, the API server answers 404; only permissions can be checked.
    const forbidden = await forbids(kubernetes, cluster, object);
    if (forbidden) return { differences, conflict: forbidden };
    const [what, code] = lacksRole
      ? (["ClusterRole", "ROLE_NOT_THERE_YET"] as const)
      : (["namespace", "NAMESPACE_NOT_THERE_YET"] as const);
    const message = `${name}: its ${what} does not exist yet, so the cluster could check only the permission.`;
    return { differences, notice: { code, message } };
  });
}

async function forbids(
  kubernetes: Asked,
  cluster: ClusterTarget,
  object: KubernetesObject,
): Promise<Blocker | undefined> {
  const why = await kubernetes.whyForbidden(cluster, refOf(object));
  return why === undefined ? undefined : { code: "KUBERNETES_FORBIDDEN", message: `${why}.` };
}

async function ask(differences: readonly Difference[], question: () => Promise<Rehearsal>): Promise<Rehearsal> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    const { code, message } = error;
    const isUnasked = code === "DRY_RUN_UNSUPPORTED";
    return { differences, ...(isUnasked ? { notice: { code, message } } : { conflict: { code, message } }) };
  }
}

function summarize(rehearsals: readonly Rehearsal[], decisions: readonly Pick<ObjectDecision, "conflict">[] = []) {
  const conflicts = [...decisions, ...rehearsals].flatMap(({ conflict }) => conflict ?? []);
  return {
    differences: rehearsals.flatMap(({ differences }) => differences),
    conflicts,
    notices: rehearsals.flatMap(({ notice }) => notice ?? []),
  };
}
