/**
 * What the real API server calls: the issuer whose tokens it accepts, an authorizer, the admission webhooks, and the kubelet
 * for logs. One listener serves all of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { injectWorkloadIdentity, type TokenProxyAddress, WebhookDenial } from "azure-sim/aks";
import { createFaults } from "azure-sim/faults";
import { type HttpReply, type HttpRequest, startHttpServer } from "azure-sim/httpServer";
import { equal, type Json, type JsonObject, objectAt, stringAt } from "azure-sim/json";
import type { Simulator } from "azure-sim/simulator";
import type { Certificate } from "azure-sim/tls";
import type { World } from "azure-sim/world";
import type { Restriction } from "../kubernetes/access.ts";
import type { KubeObject } from "../kubernetes/object.ts";
import type { AdmissionRequest, AdmissionWebhook } from "../kubernetes/webhooks.ts";

export interface Callbacks extends Simulator {
  /** Those of a test, by name. */
  readonly webhooks: Map<string, AdmissionWebhook>;
  /** How often each of them was called. */
  readonly calls: Map<string, number>;
}

export interface CallbackOptions {
  readonly world: World;
  readonly tls: Certificate;
  readonly restrictions: readonly Restriction[];
  readonly authorityHost: () => string;
  readonly tokenProxy: () => TokenProxyAddress | undefined;
  readonly podLog: (pod: { namespace: string; name: string }) => string | undefined;
  readonly serviceAccount: (namespace: string, name: string) => Promise<KubeObject | undefined>;
}

export async function startCallbacks(options: CallbackOptions): Promise<Callbacks> {
  const { world, tls, restrictions, podLog } = options;
  const webhooks = new Map<string, AdmissionWebhook>();
  const calls = new Map<string, number>();

  async function answer({ url, body }: HttpRequest): Promise<HttpReply> {
    const path = url.pathname;
    if (path === "/.well-known/openid-configuration") {
      return ok({ issuer: `https://sts.windows.net/${world.tenantId}/`, jwks_uri: `${callbacks.url}/keys` });
    }
    if (path === "/keys") return ok({ keys: [world.entraKey.publicJwk] });
    if (path === "/authorize") return ok(authorize(parse(body)));
    if (path === "/workload-identity") return ok(await review(parse(body), addWorkloadIdentity));
    const [, room, namespace = "", name = "", container = ""] = path.split("/").map(decodeURIComponent);
    if (room === "webhook") {
      calls.set(namespace, (calls.get(namespace) ?? 0) + 1);
      const webhook = webhooks.get(namespace);
      return ok(
        await review(parse(body), async (request) => {
          await sleep(webhook?.delayMs?.(request) ?? 0);
          return ask(webhook, request);
        }),
      );
    }
    if (room === "containerLogs") {
      const text = podLog({ namespace, name });
      if (text !== undefined) return { status: 200, body: text };
      const why = `container "${container}" in pod "${name}" is waiting to start: ContainerCreating`;
      return { status: 400, body: why };
    }
    return { status: 404, body: `no path ${path}` };
  }

  function authorize(asked: Json): JsonObject {
    const spec = objectAt(asked, "spec");
    const what = objectAt(spec, "resourceAttributes");
    const attributes = {
      verb: stringAt(what, "verb") ?? "",
      group: stringAt(what, "group") ?? "",
      resource: stringAt(what, "resource") ?? "",
      subresource: stringAt(what, "subresource"),
      namespace: stringAt(what, "namespace"),
      name: stringAt(what, "name"),
    };
    const isForbidden = spec["resourceAttributes"] !== undefined && restrictions.some((each) => each(attributes));
    const status = isForbidden ? { allowed: false, denied: true } : { allowed: false };
    return { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", status };
  }

  async function addWorkloadIdentity(request: AdmissionRequest): Promise<JsonObject> {
    const { namespace = "", object } = request;
    const account = await options.serviceAccount(
      namespace,
      stringAt(object, "spec", "serviceAccountName") ?? "default",
    );
    return injectWorkloadIdentity(
      { ...object, metadata: { ...objectAt(object, "metadata"), namespace } },
      {
        tenantId: world.tenantId,
        authorityHost: options.authorityHost(),
        serviceAccount: () => account,
        tokenProxy: options.tokenProxy(),
      },
    );
  }

  const callbacks = await startHttpServer({
    tls,
    // Nobody scripts these calls, and no journal lists them.
    faults: createFaults(),
    open: (request) => ({ call: undefined, run: () => answer(request), fail: () => ({ status: 500 }) }),
  });
  return { ...callbacks, webhooks, calls };
}

function ask(webhook: AdmissionWebhook | undefined, request: AdmissionRequest): JsonObject {
  const why = webhook?.deny?.(request);
  if (why !== undefined) throw new WebhookDenial(403, why);
  return request.operation === "DELETE" ? request.object : (webhook?.mutate?.(request) ?? request.object);
}

/** The answer to an AdmissionReview: what `decide` makes of the object, as a patch. */
async function review(asked: Json, decide: (request: AdmissionRequest) => Promise<JsonObject>): Promise<JsonObject> {
  const given = objectAt(asked, "request");
  const operation = stringAt(given, "operation");
  const object = objectAt(given, operation === "DELETE" ? "oldObject" : "object");
  const request: AdmissionRequest = {
    operation: operation === "CREATE" || operation === "DELETE" ? operation : "UPDATE",
    resource: {
      group: stringAt(given, "resource", "group") ?? "",
      version: stringAt(given, "resource", "version") ?? "",
      plural: stringAt(given, "resource", "resource") ?? "",
      kind: stringAt(given, "kind", "kind") ?? "",
    },
    namespace: stringAt(given, "namespace"),
    name: stringAt(given, "name") || stringAt(object, "metadata", "name"),
    object,
    dryRun: given["dryRun"] === true,
  };
  const answer = (response: JsonObject) => ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: stringAt(given, "uid") ?? "", ...response },
  });
  try {
    const patch = patchOf(object, await decide(request));
    const encoded = Buffer.from(JSON.stringify(patch)).toString("base64");
    return answer({ allowed: true, ...(patch.length === 0 ? {} : { patchType: "JSONPatch", patch: encoded }) });
  } catch (error) {
    if (!(error instanceof WebhookDenial)) throw error;
    return answer({ allowed: false, status: { code: error.code, message: error.message } });
  }
}

/** A JSON Patch, field by field at the top: the API server compares the rest itself. */
function patchOf(before: JsonObject, after: JsonObject): JsonObject[] {
  const path = (field: string) => `/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const gone = Object.keys(before).filter((field) => !Object.hasOwn(after, field));
  const changed = Object.entries(after).filter(([field, value]) => !equal(before[field], value));
  return [
    ...gone.map((field) => ({ op: "remove", path: path(field) })),
    ...changed.map(([field, value]) => ({ op: "add", path: path(field), value })),
  ];
}

function parse(body: string): Json {
  return JSON.parse(body);
}

function ok(body: unknown): HttpReply {
  return { status: 200, body };
}
