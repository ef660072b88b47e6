import type { ServiceBusError } from "@azure/service-bus";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";

/** What Service Bus or its client threw, as Mooring's error: permanent when asking again cannot help. */
export function toFailure(error: unknown, what: string): PermanentError | TransientError {
  const known = findServiceBusError(error);
  const message = `${what} failed: ${hideAddresses(known ? `${known.code}: ${known.message}` : describe(error))}`;
  const options = { cause: error };
  switch (known?.code) {
    case "UnauthorizedAccess":
      return new PermanentError("SERVICE_BUS_FORBIDDEN", message, options);
    case "MessagingEntityNotFound":
    case "MessagingEntityDisabled":
    case "MessageSizeExceeded":
      return new PermanentError("SERVICE_BUS_REJECTED", message, options);
    case "MessageLockLost":
      return new TransientError("MESSAGE_LOCK_LOST", message, options);
    default:
      return new TransientError("SERVICE_BUS_UNAVAILABLE", message, options);
  }
}

/** Of a deferred message: settled, expired, never deferred, or locked by somebody. */
export function isMessageNotFound(error: unknown): boolean {
  return findServiceBusError(error)?.code === "MessageNotFound";
}

/**
 * After retries the client rejects with an AggregateError that has no code and no message of its own; what the last
 * attempt met says best how things stand. A failed connection nests a second AggregateError, of its addresses.
 */
function findServiceBusError(error: unknown): ServiceBusError | undefined {
  if (error instanceof AggregateError) {
    return error.errors.map(findServiceBusError).findLast((found) => found !== undefined);
  }
  return isServiceBusError(error) ? error : undefined;
}

/** By name, as the SDK itself does it: the module is loaded lazily, so its class is not at hand. */
function isServiceBusError(error: unknown): error is ServiceBusError {
  return error instanceof Error && error.name === "ServiceBusError";
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).at(-1) ?? "AggregateError";
  return error instanceof Error ? error.message : String(error);
}
