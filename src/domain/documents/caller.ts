/** Who the caller is to Mooring, and what it may ask for. */
import { z } from "zod";
import { AppRole } from "../access/caller.ts";
import { rightsFields } from "../targets/index.ts";

const CallerTeam = z.object({
  name: z.string(),
  clusters: z.array(z.string()),
  namespaces: z.array(z.string()).meta({ description: "Names of namespaces, in which * stands for any characters." }),
  ...z.object(rightsFields).partial().shape,
  quota: z.int().meta({ description: "How many namespaces it may have at a time." }),
});

export const CallerDocument = z
  .object({
    id: z.string(),
    name: z.string().meta({ description: "For people." }),
    roles: z.array(AppRole),
    teams: z
      .array(CallerTeam)
      .meta({ description: "For which it may ask: its own, or all of them where it is an operator." }),
  })
  .meta({ id: "Caller" });
export type CallerDocument = z.infer<typeof CallerDocument>;
