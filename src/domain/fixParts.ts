import { z } from "zod";

/** What to do next, as data (errors/fix.ts). */
export const FixParts = z
  .array(z.union([z.string(), z.object({ act: z.string(), http: z.string() })]))
  .readonly()
  .meta({
    id: "FixParts",
    description:
      "`fix` in parts: text, and acts that a client can express in its own way; `http` is how this interface does. Since 0.2.0.",
  });
