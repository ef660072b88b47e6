/** A kind that is a question: sent like an object, answered at once, kept nowhere. */
import { type JsonObject, objectAt } from "azure-sim/json";
import { addressed, known, withoutNulls } from "./body.ts";
import { zeroObject } from "./builtIn/goForm.ts";
import { schemaOf } from "./builtIn/schemas.ts";
import { timestamp } from "./object.ts";
import { trackUpdate, type Writer } from "./ownership.ts";
import type { Carried } from "./request.ts";
import { decode } from "./requestBody.ts";
import { writeOptions } from "./requestOptions.ts";
import { apiVersionOf, type Resource } from "./resource.ts";

export interface Question {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly body: JsonObject;
  readonly writer: Writer;
}

/** Throws as for any object that cannot be read. */
export function readQuestion(
  request: Carried,
  resource: Resource,
  { namespace, now, subresource }: { namespace: string | undefined; now: Date; subresource?: string },
): Question {
  const options = writeOptions(request);
  const { value, ...found } = decode(request);
  const body = known(resource, addressed({ resource, namespace, name: undefined }, value), { ...options, ...found });
  const writer = { manager: options.manager, apiVersion: apiVersionOf(resource), subresource, time: timestamp(now) };
  return { kind: resource.kind, namespace, body, writer };
}

/** Whoever asks owns the question. */
export function tracked({ kind, body, writer }: Omit<Question, "namespace">) {
  const { apiVersion } = writer;
  const [group = "", version = ""] = apiVersion.split("/");
  const schema = schemaOf(`io.k8s.api.${group.split(".")[0]}.${version}.${kind}`);
  const metadata = withoutNulls(objectAt(body, "metadata"));
  const before = zeroObject({ apiVersion, kind });
  const after = { ...before, metadata, spec: { ...objectAt(before, "spec"), ...objectAt(body, "spec") } };
  return { metadata, managedFields: trackUpdate(before, after, { managedFields: [], schema, writer }) };
}
