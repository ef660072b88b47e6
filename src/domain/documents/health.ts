import { z } from "zod";

export const HealthDocument = z.object({
  status: z.enum(["ok", "unavailable"]),
  reason: z.string().optional(),
  unreadableRows: z.int().optional().meta({
    description:
      "How many rows of the registry this instance could not read within the last hour; absent if none. What they belong to fails, and is missing in lists. Since 0.2.0.",
  }),
  warnings: z.array(z.string()).optional().meta({
    description:
      "What needs an operator although the service works: names in use that the catalog no longer has, identities that Mooring made, or lets pods use, and that no record knows. Operators see which; anybody else, how many.",
  }),
});
export type HealthDocument = z.infer<typeof HealthDocument>;
