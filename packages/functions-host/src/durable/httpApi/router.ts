/** The management API of the Durable extension: learn.microsoft.com "HTTP APIs in Durable Functions". */
import type { HttpAnswer, HttpCall } from "../../app.ts";
import { ArgumentError, ConflictError } from "../management.ts";
import { empty, json, message, problem } from "./answers.ts";
import type { Api } from "./api.ts";
import { handleInstances } from "./instances.ts";
import { startOrchestration } from "./orchestrators.ts";

export async function route(api: Api, call: HttpCall, path: string): Promise<HttpAnswer> {
  const segments = path
    .split("/")
    .map(decode)
    .filter((segment, index, all) => segment !== "" || index < all.length - 1);
  // No id may contain a slash, encoded or not.
  if (segments.some((segment) => /[/\\]/.test(segment))) return empty(404);
  try {
    switch (segments[0]?.toLowerCase()) {
      case "orchestrators":
        return call.method === "POST" ? await startOrchestration(api, call, segments) : empty(404);
      case "instances":
        return await handleInstances(api, call, segments);
      case "entities":
        // As JSON text, from which the SDK makes its error.
        return json(501, "This host serves no entities; start the app with Azure Functions Core Tools.");
      default:
        return empty(404);
    }
  } catch (error) {
    if (error instanceof ArgumentError) return problem(400, error);
    if (error instanceof ConflictError) return message(409, error.message);
    if (api.engine.commit.broken !== undefined) throw error;
    return problem(500, error instanceof Error ? error : new Error(String(error)));
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // The SDK does not encode what it puts in a path, so a lone % is literal.
    return segment;
  }
}
