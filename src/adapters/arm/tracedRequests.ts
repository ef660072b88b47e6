import type { PipelinePolicy } from "@azure/core-rest-pipeline";
import { throttles } from "../../telemetry/metrics.ts";
import { fail, inSpan, SpanKind } from "../../telemetry/spans.ts";

/** A span for every request to Azure Resource Manager. Its name and attributes have the resource type, but no URL, body or token. */
export function traceRequests(): PipelinePolicy {
  return {
    name: "traceRequests",
    sendRequest(request, next) {
      const { hostname, pathname } = new URL(request.url);
      const type = resourceTypeOf(pathname);
      const attributes = {
        "http.request.method": request.method,
        "server.address": hostname,
        "azure.resource_provider.namespace": type.split("/")[0],
        "mooring.resource_type": type,
      };
      return inSpan(`ARM ${request.method} ${type}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        const response = await next(request);
        const { status, headers } = response;
        span.setAttribute("http.response.status_code", status);
        // Microsoft support asks for it.
        const requestId = headers.get("x-ms-request-id");
        if (requestId !== undefined) span.setAttribute("azure.service.request.id", requestId);
        if (status === 429) throttles.add(1, { service: "arm" });
        // Looking for a missing resource is not a failure.
        if (status >= 400 && status !== 404) fail(span, String(status));
        return response;
      });
    },
  };
}

/** `…/providers/Microsoft.Sql/servers/<name>/databases` is `Microsoft.Sql/servers/databases`. */
function resourceTypeOf(path: string): string {
  const [provider, ...rest] = path.split("/providers/").at(-1)?.split("/").filter(Boolean) ?? [];
  if (!path.includes("/providers/") || provider === undefined) return "Microsoft.Resources";
  return [provider, ...rest.filter((_, index) => index % 2 === 0)].join("/");
}
