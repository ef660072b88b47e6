import { z } from "zod";
import { Time } from "../time.ts";

/** Who decided something, and when. */
export const Signature = z.object({ by: z.string(), time: Time, comment: z.string().optional() });
export type Signature = z.infer<typeof Signature>;
