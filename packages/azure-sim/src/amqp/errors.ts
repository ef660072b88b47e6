/** A refusal as an AMQP error; clients branch on its condition. */
import { messageOf } from "../../../../src/domain/messageOf.ts";
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly condition: string;

  constructor(condition: string, message: string) {
    super(message);
    this.condition = condition;
  }
}

/** An AMQP error with all its fields: Python's client reads the third one of every error. */
export interface Condition {
  readonly condition: string;
  readonly description: string;
  readonly info: Readonly<Record<string, never>>;
}

export function describeCondition(condition: string, description: string): Condition {
  return { condition, description, info: {} };
}

export function toCondition(error: unknown): Condition {
  if (error instanceof BrokerError) return describeCondition(error.condition, error.message);
  return describeCondition("amqp:internal-error", messageOf(error));
}
