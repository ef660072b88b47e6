/** The namespace of a world, where Azure manages it: what is there before any request, and what has to be true of it. */

import type { Dice } from "test-support/random";
import { type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import type { ManagedDocument } from "../../../src/ports/managedNamespaces.ts";
import { readManagedMark } from "../../../src/resources/namespaceProfile/managedMark.ts";
import { edit, type Objects, place, refKey } from "../../support/models/kubernetes.ts";
import { type ManagedModel, managedKey } from "../../support/models/managedNamespaces.ts";
import type { FaultPlan } from "./faults.ts";
import type { Thing } from "./snapshot.ts";

export const managingCluster =
  "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks";
const label = "kubernetes.azure.com/managedByArm";
const enforce = "pod-security.kubernetes.io/enforce";

interface Furnished {
  readonly managed: ManagedModel;
  readonly objects: Objects;
}

/** Somebody has it managed, perhaps with values that a profile would replace. */
export function furnishManaged(
  { managed, objects }: Furnished,
  { namespace: name }: Pick<NamespaceRef, "namespace">,
  { dice, uid }: { readonly dice: Dice; readonly uid: string },
): void {
  const document: ManagedDocument = {
    location: "westeurope",
    tags: dice.pick([{}, { cost: "42" }]),
    properties: {
      ...{ deletePolicy: "Keep", adoptionPolicy: "Always", annotations: { note: "theirs" } },
      labels: dice.pick([{ owner: "platform" }, { owner: "platform", [enforce]: "privileged" }, null]),
      defaultResourceQuota: dice.pick([null, { cpuLimit: "9000m" }, { cpuRequest: "2000m" }]),
      defaultNetworkPolicy: dice.pick([null, { ingress: "AllowSameNamespace", egress: "AllowAll" }]),
    },
  };
  managed.set(managedKey({ clusterId: managingCluster, name }), { document, eTag: "1", state: "Succeeded" });
  const ref = { apiVersion: "v1", kind: "Namespace", name };
  if (!objects.has(refKey(ref))) {
    place(objects, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, { uid, manager: "azure" });
  }
  edit(objects, ref, ["metadata", "labels", label], "true");
}

export function inManagedWeather(weather: FaultPlan, dice: Dice | undefined): FaultPlan {
  if (!dice?.chance(0.3) || weather.passing === 0) return weather;
  const calls = [/^put managed namespace$/, /^get managed namespace$/];
  return { ...weather, [dice.pick(["refused", "down"])]: dice.pick(calls) };
}

export function readManaged(managed: ManagedModel, namespaceRef: NamespaceRef): readonly Thing[] {
  return [...managed].map(([key, { document }]) => ({
    key: `managed ${key}`,
    // What is null and what is not there are the same to Azure.
    content: JSON.stringify(document, (_field, value: unknown) => value ?? undefined),
    madeBy: undefined,
    isLent: readManagedMark(document.tags ?? {})?.ownership.berth === namespaceKey(namespaceRef),
    undo: "removeProfile",
  }));
}

/** The namespace has in Azure what its profile says, and nothing of another one. */
export function checkManaged(
  managed: ManagedModel,
  { namespace: name, namespaceProfile }: OnboardingRequest,
): readonly string[] | undefined {
  const found = managed.get(managedKey({ clusterId: managingCluster, name }));
  if (!found) return undefined;
  const { labels, defaultResourceQuota } = found.document.properties;
  const is = { cpuRequest: defaultResourceQuota?.["cpuRequest"], enforce: labels?.[enforce] };
  if (namespaceProfile === "small" && is.enforce !== "restricted") return [`Azure enforces ${is.enforce}`];
  if (namespaceProfile === "large" && is.cpuRequest !== "8000m") return [`Azure has a quota of ${is.cpuRequest}`];
  const isLeft =
    (namespaceProfile !== "small" && is.enforce === "restricted") ||
    (namespaceProfile !== "large" && is.cpuRequest === "8000m") ||
    (namespaceProfile === undefined && readManagedMark(found.document.tags ?? {}) !== undefined);
  return isLeft ? [`in Azure, left over: ${JSON.stringify(found.document)}`] : [];
}

/** Somebody takes a field out that Mooring has written, and that was not there before. */
export function disturbManaged(
  { managed }: Pick<Furnished, "managed">,
  { namespace: name }: OnboardingRequest,
): boolean {
  const key = managedKey({ clusterId: managingCluster, name });
  const found = managed.get(key);
  const { written } = readManagedMark(found?.document.tags ?? {}) ?? {};
  const [before] = written?.defaultResourceQuota["cpuRequest"] ?? ["none"];
  if (!found || before !== null) return false;
  const { cpuRequest: _, ...rest } = found.document.properties.defaultResourceQuota ?? {};
  const properties = {
    ...found.document.properties,
    defaultResourceQuota: Object.keys(rest).length > 0 ? rest : null,
  };
  managed.set(key, { ...found, document: { ...found.document, properties }, eTag: `${Number(found.eTag) + 1}` });
  return true;
}
