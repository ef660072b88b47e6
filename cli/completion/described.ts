/** What a completion script knows of a command. */
import type { Flags, Operand } from "../arguments/flags.ts";

export interface Described {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly flags: Flags;
}

/** What the first operand may be, where that is known. */
export function operandChoices({ operands }: Pick<Described, "operands">): readonly string[] {
  return operands[0]?.choices ?? [];
}
