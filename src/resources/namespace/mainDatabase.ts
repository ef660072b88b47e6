/** The database to which SERVER_NAME and DATABASE_NAME lead: pods read the variables when they start. */
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { namesInside } from "../../domain/naming/names.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type StepPlan, toNotice } from "../../domain/operation/plan.ts";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import { list } from "../definitions/dependants.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";
import { isRunning, readPods } from "../namespaceProfile/podAmounts.ts";

/** If the plan leads applications to another database: to which, and the pods that read it after their next start. */
export async function noticeOfMainDatabase(
  kubernetes: Pick<Kubernetes, "list">,
  cluster: ClusterTarget,
  { namespace, plan }: { readonly namespace: string; readonly plan: StepPlan },
): Promise<readonly OperationError[]> {
  const moved = plan.differences.find(({ field, current }) => field.endsWith("data.DATABASE_NAME") && current);
  if (!moved) return [];
  const pods = await unlessForbidden(() => kubernetes.list(cluster, { apiVersion: "v1", kind: "Pod", namespace }));
  const using = (pods ?? [])
    .filter((pod) => readPods([pod]).some(isRunning))
    .filter((pod) => JSON.stringify(pod).includes(`"${namesInside.configMap}"`));
  const names = using.map(({ metadata }) => metadata.name).toSorted();
  const running = names.length > 0 ? ` Running now: ${list(names)}.` : "";
  const message = `Pods that start after the change get DATABASE_NAME ${moved.desired} instead of ${moved.current}.${running}`;
  return [toNotice("MAIN_DATABASE_CHANGED", message)];
}
