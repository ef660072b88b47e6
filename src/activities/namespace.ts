import { z } from "zod";
import type { Catalog } from "../domain/catalog.ts";
import { type Berth, berthKey, configMapName } from "../domain/names.ts";
import { type StepPlan, toStepPlan } from "../domain/plan.ts";
import { AdoptionPolicy, DatabaseRequest, DeletePolicy } from "../domain/request.ts";
import { findCluster, findDatabase } from "../domain/targets.ts";
import type { KubernetesObject, Ports } from "../ports.ts";
import { ensureObjects, planObject, removeObjects, strongest } from "./kubernetesObject.ts";
import { RemovalInput, StepInput, StepResult, stepActivity } from "./step.ts";

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
    const { server, database } = findDatabase(catalog, request);
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
  const cluster = findCluster(catalog, input.cluster);
  const decisions = await Promise.all(
    [namespaceObject(input), configMapObject(catalog, input)].map((each) =>
      planObject(kubernetes, cluster, each, input),
    ),
  );
  return toStepPlan(
    { name: "applyNamespace", target: berthKey(input) },
    {
      action: strongest(decisions.map(({ action }) => action)),
      differences: decisions.flatMap(({ differences }) => differences),
      conflict: decisions.find(({ conflict }) => conflict)?.conflict,
    },
  );
}

/** The namespace, created when it is not there, and the ConfigMap with the names of the databases. */
export const applyNamespace = stepActivity({
  name: "applyNamespace",
  input: ApplyNamespaceInput,
  output: StepResult,
  target: berthKey,
  async run(input, { catalog, kubernetes }, step) {
    const desired = [namespaceObject(input), configMapObject(catalog, input)];
    return {
      action: await ensureObjects(kubernetes, findCluster(catalog, input.cluster), desired, { ...input, step }),
    };
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
    const configMap = { apiVersion: "v1", kind: "ConfigMap", name: configMapName, namespace: input.namespace };
    const namespace = { apiVersion: "v1", kind: "Namespace", name: input.namespace };
    const refs = input.deletePolicy === "Delete" ? [configMap, namespace] : [configMap];
    return { action: await removeObjects(kubernetes, cluster, refs, { ...input, step }) };
  },
});
