/** Who the caller is to Mooring, and what it may ask for. */
import { z } from "zod";
import { AppRole } from "../access/caller.ts";
import { rightsFields } from "../targets/index.ts";

const CallerTeam = z.object({
  name: z.string(),
  clusters: z.array(z.string()),
  namespaces: z.array(z.string()).meta({ description: "Names of namespaces; * matches any characters." }),
  ...z.object(rightsFields).partial().shape,
  profiles: z
    .array(z.string())
    .exactOptional()
    .meta({ description: "The profiles that its namespaces may have; any, if absent." }),
  quota: z.int().meta({ description: "How many namespaces the team can have." }),
});

export const CallerDocument = z
  .object({
    id: z.string(),
    name: z.string().meta({ description: "For people." }),
    roles: z.array(AppRole),
    teams: z
      .array(CallerTeam)
      .meta({ description: "The teams that the caller may ask for: its own, or all of them for an operator." }),
  })
  .meta({ id: "Caller" });
export type CallerDocument = z.infer<typeof CallerDocument>;
