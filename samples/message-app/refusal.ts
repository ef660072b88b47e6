/** Why there are no messages: one sentence for people, and an exit code for scripts. */
export const exitCodes = {
  unexpected: 1,
  configuration: 2,
  /** Microsoft Entra, or the node's identity endpoint, gave no token. */
  token: 3,
  /** The database did not let the identity in. */
  login: 4,
  /** The identity can log in to the database but may not read the table. */
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
