/**
 * The operator's catalog (`mooring.yaml`): the only place where hosts, URLs and resource ids come from. Requests name
 * things by the aliases that are the keys here.
 */
import { z } from "zod";
import { Auth, findDanglingNames, Limits, Queue, Teams } from "./access.ts";
import { IdentityMode, RoleBundle } from "./request.ts";

const Alias = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "must be 1 to 40 lower-case letters, digits and hyphens")
  .meta({ description: "The name that requests use." });

const HttpsUrl = z.url({ protocol: /^https$/, error: "must be an https URL" });

export const Cluster = z.strictObject({
  apiServer: HttpsUrl.meta({ description: "URL of the API server." }),
  certificateAuthority: z.string().startsWith("-----BEGIN CERTIFICATE-----").optional().meta({
    description: "PEM of the certificate authority; without it, the machine's trust store decides.",
  }),
  oidcIssuer: HttpsUrl.optional().meta({
    description: "oidcIssuerProfile.issuerUrl exactly as `az aks show` prints it, trailing slash included.",
  }),
  subscriptionId: z.guid(),
  identityResourceGroup: z.string().min(1).max(90).meta({
    description:
      "Where identities are created: the node resource group (MC_…) or one that the kubelet identity can read.",
  }),
  location: z.string().regex(/^[a-z0-9]+$/, "must be a region name such as westeurope"),
  identityModes: z.array(IdentityMode).min(1).default(["workloadIdentity"]),
});

export const SqlDatabase = z.strictObject({
  roles: z.array(RoleBundle).min(1).meta({ description: "The role bundles that may be asked for." }),
});

export const SqlServer = z.strictObject({
  resourceId: z
    .string()
    .regex(
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Sql\/servers\/[^/]+$/i,
      "must be /subscriptions/…/resourceGroups/…/providers/Microsoft.Sql/servers/…",
    ),
  host: z.hostname().meta({ description: "The fully qualified domain name of the server." }),
  port: z.int().min(1).max(65535).default(1433),
  userCreation: z.enum(["sid", "externalProvider"]).default("sid").meta({
    description:
      "WITH SID needs no directory permission; FROM EXTERNAL PROVIDER needs Directory Readers on the server.",
  }),
  databases: z.record(z.string().min(1).max(128), SqlDatabase),
});

const CatalogShape = z.strictObject({
  tenantId: z.guid(),
  clusters: z.record(Alias, Cluster),
  sqlServers: z.record(Alias, SqlServer),
  retry: z
    .strictObject({
      firstIntervalMs: z.int().min(10).default(5_000),
      maxIntervalMs: z.int().min(10).default(60_000),
      attempts: z.int().min(1).max(50).default(8),
    })
    .prefault({})
    .meta({ description: "How a step is tried again after a passing fault: exponential, doubling." }),
  auth: Auth.optional(),
  teams: Teams.default({}),
  queue: Queue.optional(),
  limits: Limits,
});

export const Catalog = CatalogShape.superRefine((catalog, context) => {
  for (const { path, message } of findDanglingNames(catalog)) context.addIssue({ code: "custom", path, message });
});
export type Catalog = z.infer<typeof Catalog>;

export type ClusterTarget = z.infer<typeof Cluster> & { readonly alias: string };
export type SqlServerTarget = z.infer<typeof SqlServer> & { readonly alias: string };
export interface DatabaseTarget {
  readonly server: SqlServerTarget;
  readonly database: string;
}
