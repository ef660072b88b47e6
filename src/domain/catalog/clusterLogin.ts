/** How Mooring logs in to the API server of a cluster. */
import { z } from "zod";
import { lookUp } from "../lookUp.ts";

/** What people expect here, and why it is refused: a kubeconfig logs in by running a program, or with a secret. */
export const refusedLogins: Readonly<Record<string, string>> = Object.fromEntries(
  ["kubeconfig", "exec", "auth-provider", "authProvider"].map((name) => [
    name,
    "is refused: Mooring reads no kubeconfig, and runs no program to log in (exec)",
  ]),
);

const dnsLabel = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be a name of Kubernetes");

const ByEntra = z.strictObject({
  by: z.literal("entra").meta({ description: "With which token Mooring logs in." }),
  audience: z
    .string()
    .min(1)
    .max(255)
    .refine((text) => !/\s|\/\.default$/.test(text), "must be an audience, without /.default")
    .meta({
      description:
        "The audience of the Entra tokens that the API server accepts: the client ID, or the application ID URI, in its own configuration.",
    }),
  userName: z.string().min(1).max(255).optional().meta({
    description:
      "The name by which the API server then knows Mooring, such as `entra:<object ID>`; by default the object ID of Mooring's identity.",
  }),
});

const ByServiceAccount = z.strictObject({
  by: z.literal("serviceAccount").meta({ description: "With which token Mooring logs in." }),
  namespace: dnsLabel.meta({ description: "The namespace of Mooring's own service account in the cluster." }),
  name: dnsLabel.meta({ description: "The name of that service account." }),
  tokenFile: z
    .string()
    .regex(/^(\/|[A-Za-z]:[\\/])/, "must be an absolute path")
    .meta({
      description:
        "Where Mooring reads the account's token, as a projected volume keeps it: again each minute, and when the cluster refuses it.",
    }),
});

export const ClusterLogin = z.discriminatedUnion("by", [ByEntra, ByServiceAccount], {
  error: ({ input }) => {
    const by = typeof input === "object" && input !== null && "by" in input ? String(input.by) : "";
    return lookUp(refusedLogins, by) && `must be entra or serviceAccount; ${by} ${lookUp(refusedLogins, by)}`;
  },
});
export type ClusterLogin = z.infer<typeof ClusterLogin>;
export type ServiceAccountLogin = z.infer<typeof ByServiceAccount>;

export function userNameOf({ namespace, name }: Pick<ServiceAccountLogin, "namespace" | "name">): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
