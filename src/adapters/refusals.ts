import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { Credential } from "./credential.ts";

/**
 * For the pipeline of an Azure SDK, which keeps its token as long as its client lives: 401 makes the credential give another
 * one, and `forget` lets go of the client.
 */
export function noticeRefusals(credential: Credential, forget: () => void): PipelinePolicy {
  return {
    name: "noticeRefusals",
    async sendRequest(request, next) {
      const response = await next(request);
      const [, token] = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
      if (response.status === 401 && token !== undefined) {
        credential.refuse?.(token);
        forget();
      }
      return response;
    },
  };
}
