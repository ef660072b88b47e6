/** Why there are no messages, in one sentence, and the exit code that says the same to a script. */
export const exitCodes = {
  unexpected: 1,
  configuration: 2,
  /** Microsoft Entra, or the node's identity endpoint, gave no token. */
  token: 3,
  /** The database let nobody of that identity in. */
  login: 4,
  /** The identity is in the database and may not read the table. */
  permission: 5,
  unreachable: 6,
} as const;

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: keyof typeof exitCodes;

  constructor(kind: keyof typeof exitCodes, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
