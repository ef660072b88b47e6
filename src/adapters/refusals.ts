import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { Credential } from "./credential.ts";

/**
 * For the pipeline of an Azure SDK, which keeps its token for as long as its client lives: after a 401 the credential returns
 * another token, and `forget` drops the client.
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
