/**
 * Requests to ARM's REST API without a management SDK, by the pipeline that @azure/arm-msi sends by: of Microsoft.Sql and
 * Microsoft.Authorization Mooring needs three lists, one GET, one PUT and one DELETE (docs/adr/0018).
 */
import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { CallOptions } from "./caller.ts";

/** A list that goes on for longer is none that Mooring asks for. */
const mostPages = 50;

export interface ArmRequest {
  readonly url: string;
  readonly method?: "GET" | "PUT" | "DELETE";
  readonly body?: unknown;
}

/** The body of a success; any other answer is a RestError. */
export type Send = (request: ArmRequest, options: CallOptions) => Promise<unknown>;

export async function openPipeline({
  credential,
  scope,
  policies,
}: {
  credential: TokenCredential;
  scope: string;
  policies: readonly PipelinePolicy[];
}): Promise<Send> {
  const { bearerTokenAuthenticationPolicy, createDefaultHttpClient, createPipelineFromOptions, ...rest } = await import(
    "@azure/core-rest-pipeline"
  );
  // Retries are the caller's and the durable runtime's: see caller.ts.
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  for (const policy of policies) pipeline.addPolicy(policy);
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
  const client = createDefaultHttpClient();
  return async ({ url, method = "GET", body: sent }, { abortSignal }) => {
    const request = rest.createPipelineRequest({ url, method, abortSignal });
    request.headers.set("accept", "application/json");
    if (sent !== undefined) {
      request.headers.set("content-type", "application/json");
      request.body = JSON.stringify(sent);
    }
    const response = await pipeline.sendRequest(client, request);
    const body = parse(response.bodyAsText);
    const { status: statusCode } = response;
    if (statusCode >= 200 && statusCode < 300) return body;
    const { code, message } = ArmProblem.safeParse(body).data?.error ?? { code: undefined, message: "" };
    throw new rest.RestError(message, { ...(code === undefined ? {} : { code }), statusCode, request, response });
  };
}

/** What is no JSON is judged by its status, and by its lack of what was asked for. */
function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

const ArmProblem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** What a URL of ARM is made of: a resource's id below the endpoint, and the version of its API. */
export function urlOf(
  endpoint: string,
  path: string,
  { apiVersion, ...query }: Readonly<Record<string, string>> & { readonly apiVersion: string },
): string {
  const url = new URL(path, endpoint);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  url.searchParams.set("api-version", apiVersion);
  return url.href;
}

export function readBody<T>(doing: string, shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure's answer is not what was asked for.`, {
    cause: parsed.error,
  });
}

/** All pages of a list; `send` is one call to ARM. */
export async function listAll<T>(
  { doing, url }: { readonly doing: string; readonly url: string },
  item: z.ZodType<T>,
  send: (url: string) => Promise<unknown>,
): Promise<readonly T[]> {
  const page = z.object({ value: z.array(item), nextLink: z.string().nullish() });
  const { origin } = new URL(url);
  const found: T[] = [];
  let next: string | undefined = url;
  for (let pages = 1; next !== undefined; pages += 1) {
    if (pages > mostPages) {
      throw new PermanentError("ARM_REJECTED", `${doing}: there are more than ${mostPages} pages.`);
    }
    const { value, nextLink }: z.infer<typeof page> = readBody(doing, page, await send(next));
    found.push(...value);
    next = nextLink ?? undefined;
    // The token goes where the link leads, so it must lead to where it came from.
    if (next !== undefined && new URL(next).origin !== origin) {
      throw new PermanentError("ARM_REJECTED", `${doing}: the next page is at another host.`);
    }
  }
  return found;
}
