/** The description of a command, from which parsing, help and completion all come. */
import type { Flags, Operand, Values } from "./arguments/flags.ts";
import type { Session } from "./session.ts";

export interface Command<F extends Flags = Flags> {
  /** One paragraph, for the command's own help. */
  readonly description: string;
  readonly operands: readonly Operand[];
  readonly flags: F;
  /** Without the name of the program. */
  readonly examples: readonly string[];
  /** Runs on this machine alone, so it has no flags for the service's address and credentials. */
  readonly isLocal?: true;
  /** Prints plain text, so it has no -o. */
  readonly isText?: true;
  /** Calls the service often, so it waits when the service says to retry later (429, 503), even without --wait. */
  readonly isPatient?: true;
  /** Returns the exit code. */
  run(session: Session, values: Values<F>, operands: readonly string[]): Promise<number>;
}

export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command;
}
