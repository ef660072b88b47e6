/** What requests may ask for, by the names that they use. */
import { z } from "zod";
import { publishedProfile } from "../profiles/profile.ts";
import { IdentityMode } from "../request/request.ts";
import { publishedFields } from "../targets/index.ts";

export const CatalogDocument = z
  .object({
    clusters: z.array(
      z.object({ name: z.string(), environment: z.string().exactOptional(), identityModes: z.array(IdentityMode) }),
    ),
    ...publishedFields,
    profiles: z.array(publishedProfile),
    crossings: z
      .array(z.object({ clusters: z.string(), targets: z.string() }))
      .readonly()
      .exactOptional()
      .meta({ description: "Which environments a request may cross. Since 0.2.0." }),
    sharedIdentities: z
      .array(z.object({ name: z.string(), clusters: z.array(z.string()) }))
      .exactOptional()
      .meta({
        description:
          "The namespaces whose identity others may use, and in which clusters; absent if the catalog lets nobody share one. Since 0.2.0.",
      }),
  })
  .meta({ id: "Catalog" });
export type CatalogDocument = z.infer<typeof CatalogDocument>;
