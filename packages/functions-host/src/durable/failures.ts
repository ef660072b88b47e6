/** Failures in the Durable extension's wording. */
import type { Failure, FailureDetails } from "./history.ts";
import { isRecord } from "./json.ts";

/** Fails the orchestration that caused it; any other error is a fault of this host. */
export class OrchestrationError extends Error {}

/** The orchestrator did not ask again for what it had asked for. */
export class NonDeterminismError extends OrchestrationError {}

/** The orchestration called a function that the app has not registered. */
export class UnknownFunctionError extends OrchestrationError {}

export function describeActivityFailure(name: string, error: unknown): Failure {
  const message = thrownText(error);
  const details = parseFailureDetails(message);
  return {
    Reason: `Activity function '${name}' failed: ${details?.ErrorMessage ?? message}`,
    Details: JSON.stringify({ $type: "System.Exception", ClassName: "System.Exception", Message: message }),
    ...(details === undefined ? {} : { FailureDetails: details }),
  };
}

export function describeOrchestratorFailure(name: string, message: string, details?: FailureDetails): Failure {
  return {
    Reason: `Orchestrator function '${name}' failed: ${message}`,
    Details: `Message: ${message}, StackTrace: `,
    ...(details === undefined ? {} : { FailureDetails: details }),
  };
}

export function explainUnstored(reason: string): string {
  return `What it decided could not be stored: ${reason}.`;
}

/** As the worker turns what a function throws into an Error (azure-functions-nodejs-worker, `ensureErrorType`). */
function thrownText(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  if (thrown === undefined || thrown === null) return "Unknown error";
  return typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown);
}

/**
 * With an exception-properties provider the SDK makes the message JSON, which a host may turn into FailureDetails; then the
 * orchestrator catches a TaskFailedError.
 */
function parseFailureDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const json: unknown = JSON.parse(message);
    if (!isRecord(json) || typeof json["errorType"] !== "string" || !("properties" in json)) return undefined;
    return {
      ErrorType: json["errorType"],
      ErrorMessage: String(json["errorMessage"] ?? ""),
      StackTrace: typeof json["stackTrace"] === "string" ? json["stackTrace"] : null,
      IsNonRetriable: json["isNonRetriable"] === true,
      Properties: json["properties"],
      InnerFailure: null,
    };
  } catch {
    // A message that begins like JSON but is not: the caller reports it as it is.
    return undefined;
  }
}
