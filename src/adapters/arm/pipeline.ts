/** Plain calls to ARM, on the pipeline package that its SDKs share. */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { removeUnused, sharedHttpClient } from "../httpClient.ts";
import type { CallOptions } from "./caller.ts";

export interface ArmRequest {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly url: string;
  readonly body?: object;
  /** The ETag that the resource must still have. */
  readonly ifMatch?: string;
}

export interface ArmAnswer {
  readonly body: unknown;
  /** Where Azure reports how a long-running operation that has just begun is going. */
  readonly progress: string | undefined;
}

export async function openPipeline({
  credential,
  scope,
  policies,
}: {
  credential: TokenCredential;
  scope: string;
  policies: readonly PipelinePolicy[];
}) {
  const [{ bearerTokenAuthenticationPolicy, createPipelineFromOptions, ...rest }, client] = await Promise.all([
    import("@azure/core-rest-pipeline"),
    sharedHttpClient(),
  ]);
  // caller.ts and the durable runtime retry.
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  for (const policy of policies) pipeline.addPolicy(policy);
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
  removeUnused(pipeline);
  return async ({ method, url, body: sent, ifMatch }: ArmRequest, { abortSignal }: CallOptions): Promise<ArmAnswer> => {
    const content = sent && { body: JSON.stringify(sent) };
    const request = rest.createPipelineRequest({ url, method, abortSignal, ...content });
    request.headers.set("accept", "application/json");
    if (sent) request.headers.set("content-type", "application/json");
    if (ifMatch !== undefined) request.headers.set("if-match", ifMatch);
    const response = await pipeline.sendRequest(client, request);
    const body = parse(response.bodyAsText);
    const { status: statusCode } = response;
    if (statusCode >= 200 && statusCode < 300) return { body, progress: response.headers.get("azure-asyncoperation") };
    const { code, message } = ArmProblem.safeParse(body).data?.error ?? { code: undefined, message: "" };
    throw new rest.RestError(message, { ...defined({ code }), statusCode, request, response });
  };
}

/** An answer that is not JSON is judged by its status, and because it lacks a list. */
function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

const ArmProblem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
