/** What a namespace may do on a target, in words that every kind of target shares; each kind has some of them. */
import { z } from "zod";

export const Access = z.enum(["read", "write", "send", "receive", "use", "own"]);
export type Access = z.infer<typeof Access>;
