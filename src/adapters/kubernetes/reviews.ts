/** What the cluster's own authorization says of an act. */
import { z } from "zod";
import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import type { Kubernetes } from "../../ports/kubernetes.ts";
import { answerIn } from "./asking.ts";
import type { Send } from "./connection.ts";
import { askReady } from "./readiness.ts";
import type { ServedKinds } from "./servedKinds.ts";
import type { ClusterReply, ClusterRequest } from "./wire.ts";

const AccessReview = z.object({ status: z.object({ allowed: z.boolean(), reason: z.string().default("") }) });

/** A review that denies something is asked once more, by `sendOnce`. Where Mooring may lack the right to ask, nothing is denied. */
export function createReviews(
  { send, sendOnce }: { readonly send: Send; readonly sendOnce: Send },
  { locate }: Pick<ServedKinds, "locate">,
): Pick<Kubernetes, "whyForbidden" | "mayDo"> {
  async function review(
    cluster: ClusterTarget,
    kind: "SubjectAccessReview" | "SelfSubjectAccessReview",
    { spec, mayAsk }: { readonly spec: object; readonly mayAsk: boolean },
  ): Promise<z.infer<typeof AccessReview>["status"]> {
    const apiVersion = "authorization.k8s.io/v1";
    const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
    const request: ClusterRequest = { method: "POST", path, body: { apiVersion, kind, spec } };
    const statusIn = (reply: ClusterReply) => {
      if (!mayAsk && (reply.status === 403 || reply.status === 404)) return { allowed: true, reason: "" };
      return answerIn(reply, { cluster, request, shape: AccessReview }).status;
    };
    const status = statusIn(await send(cluster, request));
    return status.allowed ? status : statusIn(await askReady(sendOnce, cluster, request));
  }

  return {
    async whyForbidden(cluster, { apiVersion, kind, name, namespace }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return undefined;
      const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
      const attributes = { group, resource: resource.name, name, ...defined({ namespace }) };
      // Applying an object that does not exist needs both.
      const reviews = ["patch", "create"].map(async (verb) => {
        const spec = { resourceAttributes: { ...attributes, verb } };
        const { allowed, reason } = await review(cluster, "SelfSubjectAccessReview", { spec, mayAsk: false });
        const why = reason === "" ? "" : `: ${reason}`;
        return allowed ? undefined : `Cluster "${cluster.alias}" does not let Mooring ${verb} ${resource.name}${why}`;
      });
      return (await Promise.all(reviews)).find((why) => why !== undefined);
    },

    async mayDo(cluster, { namespace, name }, act) {
      const user = `system:serviceaccount:${namespace}:${name}`;
      const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
      const spec = { user, groups, resourceAttributes: act };
      return (await review(cluster, "SubjectAccessReview", { spec, mayAsk: true })).allowed;
    },
  };
}
