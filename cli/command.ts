/** What a command is. Parsing, help, completion and docs/cli.md all come from the same description. */
import type { Flags, Operand, Values } from "./arguments/flags.ts";
import type { Session } from "./session.ts";

export interface Command<F extends Flags = Flags> {
  /** One paragraph, for its own help. */
  readonly description: string;
  readonly operands: readonly Operand[];
  readonly flags: F;
  /** Without the program's name. */
  readonly examples: readonly string[];
  /** Runs on this machine alone: has no flags that say where the service is and who asks. */
  readonly isLocal?: true;
  /** Prints text as it is: has no -o. */
  readonly isText?: true;
  /** Asks often: waits where the service asks for patience, also without --wait. */
  readonly isPatient?: true;
  /** Returns the exit code. */
  run(session: Session, values: Values<F>, operands: readonly string[]): Promise<number>;
}

export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command;
}
