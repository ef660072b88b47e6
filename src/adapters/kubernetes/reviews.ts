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

const strings = z
  .array(z.string())
  .nullish()
  .transform((given) => given ?? []);
const Rule = z.object({ verbs: strings, apiGroups: strings, resources: strings, resourceNames: strings });
type Rule = z.infer<typeof Rule>;
const RulesReview = z.object({
  status: z.object({ incomplete: z.boolean().default(false), resourceRules: z.array(Rule).nullish() }),
});

/** Long enough for all looks of one plan. A right that ends meanwhile refuses the write itself. */
const keptMs = 1_000;

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

  const known = new Map<string, Promise<readonly Rule[]>>();
  /** Whose authorization does not tell all: they are not asked for rules again. */
  const incomplete = new Set<string>();

  async function askRules(cluster: ClusterTarget, namespace: string): Promise<readonly Rule[]> {
    const apiVersion = "authorization.k8s.io/v1";
    const kind = "SelfSubjectRulesReview";
    const path = `/apis/${apiVersion}/selfsubjectrulesreviews`;
    const request: ClusterRequest = { method: "POST", path, body: { apiVersion, kind, spec: { namespace } } };
    const reply = await send(cluster, request);
    // An older write-policy.yaml refuses the question with 422.
    const isRefused = [403, 404, 422].includes(reply.status);
    const status = isRefused ? { incomplete: true } : answerIn(reply, { cluster, request, shape: RulesReview }).status;
    if (!status.incomplete) return status.resourceRules ?? [];
    incomplete.add(cluster.apiServer);
    return [];
  }

  /** What Mooring may do in the namespace, whatever the names; what is not among it may be allowed all the same. */
  async function rulesIn(cluster: ClusterTarget, namespace: string | undefined): Promise<readonly Rule[]> {
    if (namespace === undefined || incomplete.has(cluster.apiServer)) return [];
    const key = `${cluster.apiServer} ${namespace}`;
    const asked = known.get(key) ?? askRules(cluster, namespace);
    if (!known.has(key)) {
      known.set(key, asked);
      const forget = () => void known.delete(key);
      asked.then(() => setTimeout(forget, keptMs).unref(), forget);
    }
    return await asked;
  }

  return {
    async whyForbidden(cluster, { apiVersion, kind, name, namespace }) {
      const resource = await locate(cluster, apiVersion, kind);
      if (resource === undefined) return undefined;
      const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
      const attributes = { group, resource: resource.name, name, ...defined({ namespace }) };
      const rules = await rulesIn(cluster, namespace);
      // Applying an object that does not exist needs both.
      const open = ["patch", "create"].filter((verb) => !rules.some((rule) => allows(rule, verb, attributes)));
      const reviews = open.map(async (verb) => {
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

function allows(
  { verbs, apiGroups, resources, resourceNames }: Rule,
  verb: string,
  { group, resource }: { readonly group: string | undefined; readonly resource: string },
): boolean {
  const has = (all: readonly string[], one: string | undefined) => all.some((each) => each === "*" || each === one);
  return resourceNames.length === 0 && has(verbs, verb) && has(apiGroups, group) && has(resources, resource);
}
