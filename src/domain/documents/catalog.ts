/** What may be asked for, by the names that requests use. */
import { z } from "zod";
import { IdentityMode, RoleBundle } from "../request/request.ts";

export const CatalogDocument = z
  .object({
    clusters: z.array(z.object({ name: z.string(), identityModes: z.array(IdentityMode) })),
    sqlServers: z.array(
      z.object({
        name: z.string(),
        databases: z.array(z.object({ name: z.string(), roles: z.array(RoleBundle) })),
      }),
    ),
  })
  .meta({ id: "Catalog" });
export type CatalogDocument = z.infer<typeof CatalogDocument>;
