import type { ServiceBusError } from "@azure/service-bus";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { hideAddresses } from "../addresses.ts";

/** An error of Service Bus or its client as Mooring's error: permanent if a retry cannot help. */
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

/** A deferred message was settled, has expired, was never deferred, or is locked by somebody. */
export function isMessageNotFound(error: unknown): boolean {
  return findServiceBusError(error)?.code === "MessageNotFound";
}

/**
 * After retries the client rejects with an AggregateError without a code or message of its own; the error of the last attempt is
 * the most telling. A failed connection nests a second AggregateError, one error for each address.
 */
function findServiceBusError(error: unknown): ServiceBusError | undefined {
  if (error instanceof AggregateError) {
    return error.errors.map(findServiceBusError).findLast((found) => found !== undefined);
  }
  return isServiceBusError(error) ? error : undefined;
}

/** By name, as in the SDK itself: the module is loaded lazily, so its class is not available here. */
function isServiceBusError(error: unknown): error is ServiceBusError {
  return error instanceof Error && error.name === "ServiceBusError";
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).at(-1) ?? "AggregateError";
  return messageOf(error);
}
