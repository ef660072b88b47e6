/** The flags and operands of a command. */
export interface Flag {
  readonly summary: string;
  /** The placeholder for its value in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly choices?: readonly string[];
  /** More choices, such as `jsonpath=`: each ends with the equals sign, and the user types the rest. */
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
  /** Takes values other than the choices; the command validates them. */
  readonly isOpen?: true;
  /** May be repeated; only the last operand can be. */
  readonly isMany?: true;
}
