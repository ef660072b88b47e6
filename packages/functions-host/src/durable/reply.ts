/** What durable-functions returns at the end of an orchestrator's turn. */
import type { InvocationResult } from "../app.ts";
import { messageOf } from "../messageOf.ts";
import type { FailureDetails } from "./history.ts";
import { isRecord } from "./json.ts";

export type Reply =
  | {
      readonly kind: "state";
      readonly isDone: boolean;
      readonly actions: unknown;
      readonly output: unknown;
      readonly customStatus: unknown;
    }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Copies, so repetitions cannot be recognised. */
      readonly actions: unknown;
      readonly customStatus: unknown;
      readonly failureDetails: FailureDetails | undefined;
      /** The extension finds no state in it, and so replays nothing. */
      readonly isOpaque?: true;
    }
  /** The app has no such orchestrator. */
  | { readonly kind: "unknown"; readonly message: string };

/** The raw result, not its JSON: see `flattenActions`. */
export function readState({ result }: InvocationResult): Reply {
  if (!isRecord(result) || typeof result["isDone"] !== "boolean") {
    return failed("The function did not answer as an orchestrator. Register it with df.app.orchestration.");
  }
  return {
    kind: "state",
    isDone: result["isDone"],
    actions: result["actions"],
    output: result["output"],
    customStatus: result["customStatus"],
  };
}

const stateLabel = "\n\n$OutOfProcData$:";

/** The SDK throws when the orchestrator fails, and hides the state in the message. */
export function readFailure(error: unknown): Reply {
  const message = messageOf(error);
  const label = message.indexOf(stateLabel);
  if (label < 0) return failed(message);
  try {
    const state: unknown = JSON.parse(message.slice(label + stateLabel.length));
    if (!isRecord(state)) return failed(message);
    if (typeof state["error"] !== "string") {
      // Without a message, as when a string is thrown, the extension does not read the state, and shows everything that it got.
      return {
        ...failed(`One or more errors occurred. (Result: Failure\nException: ${message}\nStack: )`),
        isOpaque: true,
      };
    }
    return {
      kind: "failed",
      message: state["error"],
      actions: state["actions"],
      customStatus: state["customStatus"],
      failureDetails: isRecord(state["failureDetails"]) ? state["failureDetails"] : undefined,
    };
  } catch {
    // The label without a state after it: there is only the message to report.
    return failed(message);
  }
}

function failed(message: string): Extract<Reply, { kind: "failed" }> {
  return { kind: "failed", message, actions: [], customStatus: undefined, failureDetails: undefined };
}
