/** A refusal as an AMQP error; clients branch on its condition. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly condition: string;

  constructor(condition: string, message: string) {
    super(message);
    this.condition = condition;
  }
}

export function toCondition(error: unknown): { condition: string; description: string } {
  if (error instanceof BrokerError) return { condition: error.condition, description: error.message };
  return { condition: "amqp:internal-error", description: error instanceof Error ? error.message : String(error) };
}
