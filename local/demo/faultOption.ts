/** A fault as text, for the option `--fault`: local/simulators/faults.ts without its regular expressions. */
import { z } from "zod";
import type { Effect, Fault } from "../simulators/faults.ts";

const Effects = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("error"),
    code: z.union([z.string(), z.number()]),
    status: z.int().exactOptional(),
    message: z.string().exactOptional(),
    retryAfterSeconds: z.number().exactOptional(),
  }),
  z.strictObject({ kind: z.literal("delay"), ms: z.int() }),
  z.strictObject({ kind: z.enum(["cutBefore", "cutAfter", "garbage", "hang"]) }),
]) satisfies z.ZodType<Effect>;

const FaultOption = z.strictObject({
  wire: z.enum(["arm", "entra", "sql", "kubernetes", "serviceBus", "nodeIdentity", "durable"]),
  operation: z.string().exactOptional(),
  target: z.string().exactOptional(),
  skip: z.int().exactOptional(),
  times: z.int().exactOptional(),
  effect: Effects,
}) satisfies z.ZodType<Fault>;

export function readFault(text: string): Fault {
  try {
    return FaultOption.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`--fault is not a fault of local/simulators/faults.ts: ${why}`);
  }
}
