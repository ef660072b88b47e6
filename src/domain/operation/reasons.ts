/**
 * The message of a failure. An orchestration learns only which step used up its tries, since it shows every text in its
 * own spans; the step's record has the reason. So an orchestration gives the message in parts, and whoever records it puts them together.
 */
import { z } from "zod";
import { isSameStep, unfinished } from "./stepName.ts";

/** A step whose record has the reason. */
export const FailedStep = z.object({ name: z.string(), target: z.string() });
export type FailedStep = z.infer<typeof FailedStep>;

export const Parts = z.array(z.union([z.string(), FailedStep]));
export type Parts = z.infer<typeof Parts>;

export interface FailedRecord extends FailedStep {
  readonly error?: { readonly message: string };
}

/** Without its record, the sentence says only which step it was. */
export function describeReasons(parts: Readonly<Parts>, steps: readonly FailedRecord[] = []): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      return steps.find((step) => isSameStep(step, part))?.error?.message ?? unfinished(part);
    })
    .join("");
}
