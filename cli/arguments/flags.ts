/** What a command can be given: flags and operands. */
export interface Flag {
  readonly summary: string;
  /** The word for its value in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly choices?: readonly string[];
  /** Besides the choices: words that go on after the equals sign, which ends them here. */
  readonly openChoices?: readonly string[];
  /** May be given more than once. */
  readonly many?: true;
}

export type Flags = Readonly<Record<string, Flag>>;

export type Values<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { readonly many: true }
    ? readonly string[]
    : F[Name] extends { readonly value: string }
      ? string | undefined
      : boolean;
};

export interface Operand {
  /** As the usage line shows it. */
  readonly name: string;
  readonly isRequired: boolean;
  readonly choices?: readonly string[];
  /** Other values than the choices are for the command to judge. */
  readonly isOpen?: true;
  /** The last one: may be given again and again. */
  readonly isMany?: true;
}
