import { z } from "zod";

export const HealthDocument = z.object({ status: z.enum(["ok", "unavailable"]), reason: z.string().optional() });
export type HealthDocument = z.infer<typeof HealthDocument>;
