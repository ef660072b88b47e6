/** The failure of an activity, as a value in its result, or as a text where the host keeps nothing else of an error. */
import { z } from "zod";

/** As a step is named in its operation. */
const FailedStep = z.object({ name: z.string(), target: z.string() });

export const Failure = z.object({
  code: z.string(),
  message: z.string(),
  /** The step that used up its tries; its record has the reason. Since 0.2.0. */
  step: FailedStep.exactOptional(),
});
export type Failure = z.infer<typeof Failure>;

/** `[SQL_UNAVAILABLE] it did not end {"name":"grantDatabase","target":"sql-dev/orders"}` */
export function printFailure({ code, message, step }: Failure): string {
  return `[${code}] ${message}${step ? ` ${JSON.stringify(step)}` : ""}`;
}

/** Reads it out of whatever the host put around it; undefined for a text that has none. One that was cut off names no step. */
export function readFailure(text: string): Failure | undefined {
  const [, code, message, step] = /\[([A-Z][A-Z_]+)\] (.*?)(?: (\{"name":.*?))?(?: \n |\n|$)/.exec(text) ?? [];
  if (code === undefined || message === undefined) return undefined;
  return { code, message, ...(step === undefined ? {} : readStep(step)) };
}

function readStep(json: string): Pick<Failure, "step"> {
  try {
    return { step: FailedStep.parse(JSON.parse(json)) };
  } catch {
    return {};
  }
}
