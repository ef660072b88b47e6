/** A fault as JSON: packages/azure-sim/src/faults.ts without its regular expressions, and with `"always"` for infinity. */
import { z } from "zod";
import {
  type ActiveFault,
  type Effect,
  type Fault,
  isPossible,
  type Wire,
} from "../../packages/azure-sim/src/faults.ts";

const Effects = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("error"),
    code: z.union([z.string(), z.number()]),
    status: z.int().min(400).max(599).exactOptional(),
    message: z.string().exactOptional(),
    retryAfterSeconds: z.int().min(0).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("delay"), ms: z.int().min(0).max(600_000) }),
  z.strictObject({ kind: z.literal("cutLate"), ms: z.int().min(0).max(600_000) }),
  z.strictObject({ kind: z.enum(["cutBefore", "cutAfter", "garbage", "hang"]) }),
]) satisfies z.ZodType<Effect>;

const wires = [
  "arm",
  "entra",
  "sql",
  "postgres",
  "kubernetes",
  "serviceBus",
  "eventHubs",
  "storage",
  "keyVault",
  "cosmos",
  "appConfiguration",
  "openAi",
  "nodeIdentity",
  "tables",
  "durable",
] as const satisfies Wire[];

const FaultDocument = z
  .strictObject({
    wire: z.enum(wires),
    operation: z.string().exactOptional(),
    target: z.string().exactOptional(),
    skip: z.int().min(0).exactOptional(),
    times: z.union([z.int().min(1), z.literal("always").transform(() => Number.POSITIVE_INFINITY)]).exactOptional(),
    effect: Effects,
  })
  .refine(isPossible, { message: "cutLate is for arm and kubernetes", path: ["effect"] }) satisfies z.ZodType<Fault>;

/** Throws an error whose message says what is wrong with it. */
export function readFault(document: unknown): Fault {
  const { data, error } = FaultDocument.safeParse(document);
  if (data) return data;
  throw new Error(z.prettifyError(error));
}

export function printFault({ id, seen, hits, fault }: ActiveFault) {
  const { wire, operation, target, skip = 0, times = 1, effect } = fault;
  return {
    id,
    wire,
    // In a test these may be regular expressions.
    ...(operation === undefined ? {} : { operation: String(operation) }),
    ...(target === undefined ? {} : { target: String(target) }),
    skip,
    times: Number.isFinite(times) ? times : ("always" as const),
    effect,
    seen,
    hits,
  };
}
