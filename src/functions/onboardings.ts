import { app, type HttpRequest } from "@azure/functions";
import { getClient, input } from "durable-functions";
import { planOnboarding } from "../activities/planOnboarding.ts";
import { logLine } from "../domain/logLine.ts";
import { createOperationId } from "../domain/operationId.ts";
import type { Ports } from "../ports.ts";
import { acceptOnboarding } from "./acceptance.ts";
import { admit, ownerAfter } from "./admission.ts";
import { authenticate } from "./authentication.ts";
import { maxBodyBytes, parseJson, readOnboardingRequest } from "./readRequest.ts";
import { Refusal } from "./refusal.ts";
import { accepted, json, route } from "./respond.ts";

export function registerOnboardings(ports: Ports): void {
  app.http("createOnboarding", {
    route: "api/onboardings",
    methods: ["POST"],
    authLevel: "anonymous",
    extraInputs: [input.durableClient()],
    handler: route(async (httpRequest, context) => {
      const by = await authenticate(httpRequest, ["Onboarding.Request"]);
      const isDryRun = readFlag(httpRequest, "dryRun");
      const takeOver = readFlag(httpRequest, "takeOver");
      const request = readOnboardingRequest(ports.catalog, await readBody(httpRequest));
      if (isDryRun) {
        const current = await ports.registry.getNamespace(request);
        ownerAfter({ by }, admit({ ports, by }, request, { takeOver }), current);
        const plan = await planOnboarding(ports, { operation: createOperationId(new Date()), request, takeOver });
        return json(200, plan);
      }
      const desk = { ports, client: getClient(context), by, warn: context.warn.bind(context) };
      const { operation, isNew } = await acceptOnboarding(desk, request, { takeOver });
      context.log(
        logLine("onboarding accepted", { operation, isNew, cluster: request.cluster, namespace: request.namespace }),
      );
      return accepted(httpRequest, operation, { id: operation, kind: "onboard", isNew });
    }),
  });
}

async function readBody(request: HttpRequest): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Refusal("UNSUPPORTED_MEDIA_TYPE", `Content-Type is "${type}"; send application/json.`);
  }
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBodyBytes) {
    throw new Refusal("PAYLOAD_TOO_LARGE", `The body has ${declared} bytes; at most ${maxBodyBytes} are taken.`);
  }
  return parseJson(new Uint8Array(await request.arrayBuffer()));
}

function readFlag(request: HttpRequest, name: string): boolean {
  const value = request.query.get(name);
  if (value === null || value === "false") return false;
  if (value === "true" || value === "") return true;
  throw new Refusal("INVALID_REQUEST", `Query parameter ${name} is "${value}"; it takes true or false.`, {
    errors: [{ pointer: `?${name}`, detail: "must be true or false" }],
  });
}
