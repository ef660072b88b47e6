/** The ResourceQuota of a profile: `spec.hard`, by the names that Kubernetes has for what it counts. */
import { z } from "zod";
import { isWhole, Quantity } from "./quantity.ts";

/** What pods ask for, and storage. */
const computed =
  /^((requests\.|limits\.)?(cpu|memory|ephemeral-storage)|requests\.storage|requests\.[a-z0-9.-]+\/[A-Za-z0-9._-]+)$/;
/** What is counted. */
const counted =
  /^(pods|services|services\.(loadbalancers|nodeports)|secrets|configmaps|persistentvolumeclaims|replicationcontrollers|resourcequotas|count\/[a-z][a-z0-9.-]*)$/;

export const Quota = z
  .record(
    z.string().refine((name) => computed.test(name) || counted.test(name), {
      error: "must be what a ResourceQuota counts, such as requests.cpu, limits.memory, pods or count/jobs.batch",
    }),
    Quantity,
  )
  .superRefine((hard, context) => {
    if (Object.keys(hard).length === 0) context.addIssue({ code: "custom", message: "must limit something" });
    for (const [name, amount] of Object.entries(hard)) {
      if (!counted.test(name) || isWhole(amount)) continue;
      context.addIssue({ code: "custom", path: [name], message: "must be a whole number: it is counted" });
    }
  })
  .meta({ description: "A ResourceQuota: what all pods of the namespace may have together, and how many objects." });
export type Quota = z.infer<typeof Quota>;
