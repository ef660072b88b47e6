/** A model of server-side apply: every field knows its managers, so that giving a field up shows what remains. */
import { z } from "zod";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { KubernetesObject, ObjectRef } from "../../../src/ports/kubernetes.ts";
import { isManagedByArm } from "../../../src/resources/kubernetesObject/managedByArm.ts";
import type { Calls } from "./calls.ts";

interface Field {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly managers: ReadonlySet<string>;
}

export interface StoredObject {
  readonly ref: ObjectRef;
  readonly uid: string | undefined;
  readonly fields: ReadonlyMap<string, Field>;
  /** While it is being deleted, how many more reads see it. */
  readonly goodbyes?: number;
  /** What its conditions say of that. */
  readonly held?: string;
}

/** By `refKey`. */
export type Objects = Map<string, StoredObject>;

export function refKey({ apiVersion, kind, name, namespace = "" }: ObjectRef): string {
  return `${apiVersion} ${kind} ${namespace}/${name}`;
}

export interface ClusterSettings {
  readonly issuer: string;
  readonly newUid: () => string;
  /** How many more reads see a namespace that is deleted, and what holds it; undefined if it is gone at once. */
  readonly deletion: () => (Pick<StoredObject, "held"> & { readonly goodbyes: number }) | undefined;
}

const mooring = "mooring";

/** With which every cluster signs. */
export const clusterKey = { id: "key-1", type: "RSA" };

export function createKubernetes(
  objects: Objects,
  { read, write }: Calls,
  settings: ClusterSettings,
): Ports["kubernetes"] {
  const { issuer, newUid, deletion } = settings;
  const find = (ref: ObjectRef) => {
    const key = refKey(ref);
    const found = objects.get(key);
    if (found?.goodbyes === undefined) return found;
    if (found.goodbyes === 0) objects.delete(key);
    else objects.set(key, { ...found, goodbyes: found.goodbyes - 1 });
    return objects.get(key);
  };

  /** With the status of a quota on Secrets, which the cluster counts. */
  const counted = (object: KubernetesObject): KubernetesObject => {
    const { namespace } = object.metadata;
    const { hard } = Quota.safeParse(object).data?.spec ?? {};
    if (hard?.["count/secrets"] === undefined) return object;
    const secrets = [...objects.values()].filter(({ ref }) => ref.kind === "Secret" && ref.namespace === namespace);
    return { ...object, status: { hard, used: { "count/secrets": `${secrets.length}` } } };
  };

  return {
    get: (_cluster, ref) =>
      read(`get ${ref.kind}`, () => {
        const found = find(ref);
        return found && counted(show(found));
      }),
    list: (_cluster, { kind, namespace, labelSelector }) =>
      read(`list ${kind}`, () =>
        [...objects.values()]
          .filter(({ ref }) => ref.kind === kind && (namespace === undefined || ref.namespace === namespace))
          .map(show)
          .map(counted)
          .filter((object) => labelSelector === undefined || hasLabel(object, labelSelector)),
      ),
    namespacedKinds: () =>
      read("namespacedKinds", () => {
        const inside = [...objects.values()].filter(({ ref }) => ref.namespace !== undefined);
        const kinds = new Map(
          inside.map(({ ref: { apiVersion, kind } }) => [
            `${apiVersion} ${kind}`,
            { apiVersion, kind, plural: `${kind.toLowerCase()}s` },
          ]),
        );
        return { kinds: [...kinds.values()], unanswered: [] };
      }),
    listMetadata: (_cluster, { apiVersion, kind, namespace, limit }) =>
      read(`list metadata ${kind}`, () => {
        if (kind === "Secret") throw new PermanentError("KUBERNETES_FORBIDDEN", "may not list secrets");
        return [...objects.values()]
          .filter(({ ref }) => ref.apiVersion === apiVersion && ref.kind === kind && ref.namespace === namespace)
          .map(print)
          .map(({ metadata }) => ({ apiVersion, kind, metadata }))
          .slice(0, limit);
      }),
    apply: (_cluster, object, { force = false, dryRun = false } = {}) =>
      (dryRun ? read : write)(`${dryRun ? "dry-run " : ""}apply ${object.kind}`, () => {
        const ref = refOf(object);
        const namespace = ref.namespace === undefined ? undefined : find(namespaceRef(ref.namespace));
        if (ref.namespace !== undefined && !namespace) {
          throw new PermanentError("KUBERNETES_REJECTED", `namespace ${ref.namespace} is missing`);
        }
        const current = find(ref);
        if (!current && namespace?.goodbyes !== undefined) {
          throw new PermanentError("NAMESPACE_TERMINATING", `namespace ${ref.namespace} is going`);
        }
        const { uid } = object.metadata;
        if (uid !== undefined && uid !== current?.uid) {
          // As the adapter translates a 409 without causes: a retry looks again.
          throw new TransientError("KUBERNETES_THROTTLED", `${refKey(ref)} is not the object with uid ${uid}`);
        }
        expectUnmanaged(current);
        const base = current ?? { ref, uid: newUid(), fields: new Map() };
        const next = { ...base, fields: merge(base.fields, object, { manager: mooring, force }) };
        if (!dryRun) objects.set(refKey(ref), next);
        return counted(show(next));
      }),
    whyForbidden: (_cluster, { kind }) => read(`review ${kind}`, () => undefined),
    remove: (_cluster, ref, { uid }, { dryRun = false } = {}) =>
      (dryRun ? read : write)(`${dryRun ? "dry-run " : ""}remove ${ref.kind}`, (): undefined => {
        const current = find(ref);
        expectUnmanaged(current);
        if (current?.uid !== uid || dryRun) return;
        // Only a namespace is held here.
        if (ref.kind !== "Namespace") {
          objects.delete(refKey(ref));
          return;
        }
        for (const [key, each] of objects) if (each.ref.namespace === ref.name) objects.delete(key);
        if (current.goodbyes !== undefined) return;
        const going = deletion();
        if (going) objects.set(refKey(ref), { ...current, ...going });
        else objects.delete(refKey(ref));
      }),
    mayDo: (_cluster, account, act) => read("review account", () => isBound(objects, account, act)),
    kinds: () => read("kinds", () => ["AzureIdentity", "AzureIdentityBinding", "CiliumNetworkPolicy"]),
    issuer: () => read("issuer", () => issuer),
    signingKeys: () => read("signingKeys", () => [clusterKey]),
  };
}

/** As the webhook of AKS. */
function expectUnmanaged(current: StoredObject | undefined): void {
  if (!current || !isManagedByArm(print(current))) return;
  throw new PermanentError("MANAGED_NAMESPACE_REFUSED", `${refKey(current.ref)} is managed by ARM`);
}

const Quota = z.object({
  kind: z.literal("ResourceQuota"),
  spec: z.object({ hard: z.record(z.string(), z.string()) }),
});

const Rules = z.object({ rules: z.array(z.object({ verbs: z.array(z.string()), resources: z.array(z.string()) })) });
const Binding = z.object({
  roleRef: z.object({ name: z.string() }),
  subjects: z.array(z.object({ name: z.string(), namespace: z.string() })),
});

/** Whether a ClusterRoleBinding gives it to the account. */
function isBound(
  objects: Objects,
  account: { readonly namespace: string; readonly name: string },
  { verb, resource }: { readonly verb: string; readonly resource: string },
): boolean {
  return [...objects.values()].some((stored) => {
    const binding = stored.ref.kind === "ClusterRoleBinding" ? Binding.safeParse(print(stored)).data : undefined;
    if (!binding?.subjects.some(({ name, namespace }) => name === account.name && namespace === account.namespace)) {
      return false;
    }
    const role = objects.get(
      refKey({ apiVersion: stored.ref.apiVersion, kind: "ClusterRole", name: binding.roleRef.name }),
    );
    const { rules = [] } = (role && Rules.safeParse(print(role)).data) ?? {};
    return rules.some((rule) => rule.verbs.includes(verb) && rule.resources.includes(resource));
  });
}

/** `name=value` */
function hasLabel({ metadata: { labels = {} } }: KubernetesObject, selector: string): boolean {
  const [name = "", value] = selector.split("=");
  return labels[name] === value;
}

/** Adds an object that somebody else, or an earlier operation, applied. */
export function place(
  objects: Objects,
  object: KubernetesObject,
  { uid, manager = "somebody" }: { uid?: string; manager?: string },
): void {
  const fields = merge(new Map(), object, { manager, force: false });
  objects.set(refKey(refOf(object)), { ref: refOf(object), uid, fields });
}

/** Does what `kubectl edit` does: the field has another manager from then on. */
export function edit(objects: Objects, ref: ObjectRef, path: readonly string[], value: unknown): void {
  const current = objects.get(refKey(ref));
  if (!current) throw new Error(`there is no ${refKey(ref)} to edit`);
  const fields = new Map(current.fields).set(JSON.stringify(path), { path, value, managers: new Set(["somebody"]) });
  objects.set(refKey(ref), { ...current, fields });
}

function merge(
  current: ReadonlyMap<string, Field>,
  object: KubernetesObject,
  { manager, force }: { manager: string; force: boolean },
): ReadonlyMap<string, Field> {
  const applied = new Map(leaves(object).map(([path, value]) => [JSON.stringify(path), { path, value }]));
  const next = new Map<string, Field>();
  for (const [key, field] of current) {
    const others = new Set([...field.managers].filter((each) => each !== manager));
    const wanted = applied.get(key);
    if (!wanted) {
      // This manager no longer applies the field; it is removed if it has no other manager.
      if (others.size > 0) next.set(key, { ...field, managers: others });
    } else if (JSON.stringify(wanted.value) === JSON.stringify(field.value)) {
      next.set(key, { ...field, managers: new Set([...field.managers, manager]) });
    } else if (others.size > 0 && !force) {
      throw new PermanentError("KUBERNETES_CONFLICT", `${key} is managed by ${[...others].join()}`);
    } else next.set(key, { ...wanted, managers: new Set([manager]) });
  }
  for (const [key, wanted] of applied)
    if (!current.has(key)) next.set(key, { ...wanted, managers: new Set([manager]) });
  return next;
}

const identifying = new Set(["apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid"]);

export function leaves(value: unknown, path: readonly string[] = []): [readonly string[], unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, each]) =>
    identifying.has([...path, key].join(".")) ? [] : leaves(each, [...path, key]),
  );
}

export function print({ ref, uid, fields, goodbyes, held }: StoredObject): KubernetesObject {
  const { apiVersion, kind, name, namespace } = ref;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(goodbyes === undefined ? {} : { deletionTimestamp: "2026-11-24T00:00:00Z" }),
  };
  const conditions = [{ type: "NamespaceFinalizersRemaining", status: "True", message: held }];
  const object: KubernetesObject = { apiVersion, kind, metadata, ...(held ? { status: { conditions } } : {}) };
  for (const { path, value } of fields.values()) set(object, path, value);
  return object;
}

/** The object as the API server shows it, with its managed fields. */
export function show(stored: StoredObject): KubernetesObject {
  const managers = new Set([...stored.fields.values()].flatMap((field) => [...field.managers]));
  const managedFields = [...managers].map((manager) => {
    const fieldsV1 = {};
    for (const field of stored.fields.values()) {
      if (field.managers.has(manager))
        set(
          fieldsV1,
          field.path.map((key) => `f:${key}`),
          {},
        );
    }
    return { manager, operation: manager === mooring ? "Apply" : "Update", fieldsV1 };
  });
  const object = print(stored);
  return managedFields.length === 0 ? object : { ...object, metadata: { ...object.metadata, managedFields } };
}

function set(target: object, [first, ...rest]: readonly string[], value: unknown): void {
  if (first === undefined) return;
  if (rest.length === 0) {
    Reflect.set(target, first, value);
    return;
  }
  const inner: unknown = Reflect.get(target, first);
  const next = typeof inner === "object" && inner !== null ? inner : {};
  Reflect.set(target, first, next);
  set(next, rest, value);
}

export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function namespaceRef(name: string): ObjectRef {
  return { apiVersion: "v1", kind: "Namespace", name };
}
