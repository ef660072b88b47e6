/**
 * What looks of the same operation were told may show a step that there is nothing to do. Whatever else follows from it, the step asks
 * for itself first.
 */
import type { StepContext, StepResult } from "../../resources/definitions/step.ts";
import type { Recalling } from "../answers.ts";

class LooksAgain extends Error {
  override readonly name = "LooksAgain";
}

/**
 * Runs the step with what it may recall, and what it says and does refused once it has recalled anything; afterwards it recalls nothing
 * more. Undefined if it has to look for itself.
 */
export async function runRecalling<O extends StepResult>(
  recalling: Recalling,
  context: StepContext,
  run: (context: StepContext) => Promise<O>,
): Promise<O | undefined> {
  let isRefused = false;
  const expectAfresh = async () => {
    recalling.stop();
    isRefused ||= recalling.isUsed();
    if (isRefused) throw new LooksAgain();
  };
  const refusing: StepContext = {
    ...context,
    expectAfresh,
    async willDo(...said) {
      await expectAfresh();
      await context.willDo(...said);
    },
    async notice(notices) {
      await expectAfresh();
      await context.notice(notices);
    },
  };
  try {
    const result = await run(refusing);
    return recalling.isUsed() && (isRefused || !isNothing(result)) ? undefined : result;
  } catch (error) {
    if (!recalling.isUsed()) throw error;
    return undefined;
  }
}

function isNothing({ action, waitsUntil, isMissed = false }: StepResult): boolean {
  return action === "none" && waitsUntil === undefined && !isMissed;
}
