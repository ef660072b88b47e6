import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { findDatabase } from "../../domain/targets/sqlDatabase.ts";
import { type Berth, berthKey, configMapName } from "../../domain/naming/names.ts";
import type { StepPlan } from "../../domain/operation/plan.ts";
import { AdoptionPolicy, DeletePolicy } from "../../domain/request/request.ts";
import { DatabaseRequest } from "../../domain/targets/sqlDatabase.ts";
import type { KubernetesObject, ObjectRef, Ports } from "../../ports.ts";
import { defineStep, RemovalInput, StepInput, StepResult, stepActivity } from "../operation/step.ts";
import { bringObjects, type Rewritten, restoreObjects } from "./kubernetesObject.ts";
import { planObjects } from "./objectPlan.ts";
import { removeObjects } from "./objectRemoval.ts";

const ApplyNamespaceInput = StepInput.extend({
  databases: z.array(DatabaseRequest),
  adoptionPolicy: AdoptionPolicy,
});
type ApplyNamespaceInput = z.infer<typeof ApplyNamespaceInput>;

export function namespaceObject({ namespace }: Berth): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
}

/** What an application needs to find its databases: the first as SERVER_NAME and DATABASE_NAME, all of them as JSON. */
export function configMapObject(
  catalog: Catalog,
  { namespace, databases }: Pick<ApplyNamespaceInput, "namespace" | "databases">,
): KubernetesObject {
  const all = databases.map((request) => {
    // The roles are the database's to check; here only its address counts.
    const { server, database } = findDatabase(catalog, { ...request, roles: [] });
    // `host,port` is how SQL Server clients write a port that is not 1433.
    return { server: server.port === 1433 ? server.host : `${server.host},${server.port}`, database };
  });
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: configMapName, namespace },
    data: {
      SERVER_NAME: all[0]?.server ?? "",
      DATABASE_NAME: all[0]?.database ?? "",
      DATABASES: JSON.stringify(all),
    },
  };
}

export async function planNamespace(
  { catalog, kubernetes }: Pick<Ports, "catalog" | "kubernetes">,
  input: Omit<ApplyNamespaceInput, "retry">,
): Promise<StepPlan> {
  const desired = [namespaceObject(input), configMapObject(catalog, input)];
  const step = { name: "applyNamespace", target: berthKey(input) };
  return await planObjects(kubernetes, findCluster(catalog, input.cluster), desired, { ...input, step });
}

/** The namespace, created when it is not there, and the ConfigMap with the names of the databases. */
export const applyNamespace = defineStep({
  name: "applyNamespace",
  input: ApplyNamespaceInput,
  // Absent in histories of before it was recorded.
  output: StepResult.extend({ uid: z.string().exactOptional() }),
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const desired = [namespaceObject(input), configMapObject(catalog, input)];
    const cluster = findCluster(catalog, input.cluster);
    const { action, uids } = await bringObjects(kubernetes, cluster, desired, { ...input, step });
    const [uid] = uids;
    return { action, ...(uid === undefined ? {} : { uid }) };
  },
});

/** Removes the ConfigMap, and the namespace when Mooring created it and the request lets it go. */
export const removeNamespace = stepActivity({
  name: "removeNamespace",
  input: RemovalInput.extend({ deletePolicy: DeletePolicy }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    return { action: await removeObjects(kubernetes, cluster, namespaceRefs(input), { ...input, step }) };
  },
});

export function namespaceRefs({
  namespace,
  deletePolicy,
}: Pick<Berth, "namespace"> & { deletePolicy: DeletePolicy }): readonly ObjectRef[] {
  const configMap = { apiVersion: "v1", kind: "ConfigMap", name: configMapName, namespace };
  return deletePolicy === "Delete"
    ? [configMap, { apiVersion: "v1", kind: "Namespace", name: namespace }]
    : [configMap];
}

/** The ConfigMap as a change writes it, and as it was before. */
export function rewrittenConfigMap(
  catalog: Catalog,
  { written, before, ...berth }: Berth & { written: DatabaseRequest[]; before: DatabaseRequest[] },
): Rewritten {
  return {
    written: configMapObject(catalog, { ...berth, databases: written }),
    before: configMapObject(catalog, { ...berth, databases: before }),
  };
}

/** Undoes what a change wrote into the ConfigMap. */
export const restoreNamespace = stepActivity({
  name: "restoreNamespace",
  input: RemovalInput.extend({ written: z.array(DatabaseRequest), before: z.array(DatabaseRequest) }),
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const cluster = findCluster(catalog, input.cluster);
    const rewritten = rewrittenConfigMap(catalog, input);
    return { action: await restoreObjects(kubernetes, cluster, [rewritten], { ...input, step }) };
  },
});
