/** What a team sends. Names only catalog aliases: no host, URL or resource id ever comes from a request. */
import { z } from "zod";

export const IdentityMode = z.enum(["workloadIdentity", "podIdentity"]);
export type IdentityMode = z.infer<typeof IdentityMode>;

export const RoleBundle = z.enum(["reader", "writer", "executor", "owner"]);
export type RoleBundle = z.infer<typeof RoleBundle>;

export const AdoptionPolicy = z.enum(["Never", "IfIdentical", "Always"]);
export type AdoptionPolicy = z.infer<typeof AdoptionPolicy>;

export const DeletePolicy = z.enum(["Keep", "Delete"]);
export type DeletePolicy = z.infer<typeof DeletePolicy>;

const alias = (what: string) =>
  z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
      `must be the catalog's alias of ${what}, not a host, URL or resource id`,
    );

/** RFC 1123 label, as Kubernetes demands of namespaces and this project of service accounts. */
const Dns1123Label = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be a DNS-1123 label: 1 to 63 lower-case letters, digits and hyphens",
  );

export const Namespace = Dns1123Label.refine(
  (name) =>
    !/^(default|kube-.*|azure-.*|gatekeeper-system|calico-system|tigera-operator|aks-.*|dapr-system|flux-system)$/.test(
      name,
    ),
  "is a system namespace; onboard a namespace of your own",
);

export const ServiceAccountName = Dns1123Label;

export const DatabaseRequest = z.strictObject({
  server: alias("a SQL server").meta({ description: "Alias of the SQL server in the catalog." }),
  database: z
    .string()
    .regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/,
      "must be a database name: letters, digits, underscore, dot and hyphen",
    )
    .meta({ description: "Name of a database that the catalog lists for that server." }),
  roles: z.array(RoleBundle).min(1).max(4).refine(isUnique, "must not repeat a role").meta({
    description: "reader: db_datareader. writer: db_datareader and db_datawriter. executor: EXECUTE. owner: db_owner.",
  }),
});
export type DatabaseRequest = z.infer<typeof DatabaseRequest>;

export const OnboardingRequest = z
  .strictObject({
    cluster: alias("a cluster").meta({ description: "Alias of the cluster in the catalog." }),
    namespace: Namespace.meta({ description: "The Kubernetes namespace; created when it does not exist." }),
    identityMode: IdentityMode.default("workloadIdentity").meta({
      description: "workloadIdentity: federated service account. podIdentity: aad-pod-identity, deprecated since 2022.",
    }),
    databases: z
      .array(DatabaseRequest)
      .min(1, "must name at least one database")
      .max(50, "must name at most 50 databases")
      .refine(
        (list) => isUnique(list.map(({ server, database }) => `${server}/${database.toLowerCase()}`)),
        "must not name a database twice",
      ),
    serviceAccount: Dns1123Label.default("app").meta({
      description: "The service account of the workload (workload identity).",
    }),
    selector: Dns1123Label.optional().meta({
      description: "The value of the pod label aadpodidbinding (pod identity); the namespace's name when absent.",
    }),
    adoptionPolicy: AdoptionPolicy.default("IfIdentical").meta({
      description: "What happens to a thing that exists already and is not Mooring's.",
    }),
    deletePolicy: DeletePolicy.default("Delete").meta({
      description: "What offboarding does with the namespace itself when Mooring created it.",
    }),
    team: alias("a team").exactOptional().meta({
      description: "For which team; needed when more than one team of the caller may ask for this.",
    }),
  })
  .meta({ id: "OnboardingRequest" });
export type OnboardingRequest = z.infer<typeof OnboardingRequest>;

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
