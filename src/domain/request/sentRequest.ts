/** A request as it was sent: plain, or as a Kubernetes object (docs/adr/0014). All other code sees only plain requests. */
import { z } from "zod";
import { parsePlainly } from "../parsePlainly.ts";
import { apiVersion, isObjectForm, kind } from "./objectForm.ts";
import { Namespace, OnboardingRequest, OnboardingSpec } from "./request.ts";

const DnsSubdomain = z
  .string()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "must be a DNS-1123 subdomain: lower-case letters, digits, hyphens and dots",
  );

const Texts = z.record(z.string(), z.string()).nullish();
const ignored = z.unknown().optional();

/** Fields that other tools and API servers set; Go writes empty ones as null. */
const Metadata = z
  .strictObject({
    name: DnsSubdomain.meta({
      description: "The object's name. Without metadata.namespace, it is also the namespace to onboard.",
    }),
    namespace: Namespace.optional().meta({
      description: "The Kubernetes namespace to onboard; Mooring creates it if it does not exist.",
    }),
    labels: Texts.meta({ description: "For your own tools; Mooring does not store them." }),
    annotations: Texts.meta({ description: "For your own tools; Mooring does not store them." }),
    creationTimestamp: ignored,
    deletionGracePeriodSeconds: ignored,
    deletionTimestamp: ignored,
    finalizers: ignored,
    generation: ignored,
    managedFields: ignored,
    ownerReferences: ignored,
    resourceVersion: ignored,
    selfLink: ignored,
    uid: ignored,
  })
  .superRefine(({ name, namespace }, context) => {
    if (namespace !== undefined) return;
    for (const issue of Namespace.safeParse(name).error?.issues ?? []) {
      const params = issue.code === "custom" && issue.params ? { params: issue.params } : {};
      context.addIssue({ code: "custom", path: ["name"], message: issue.message, ...params });
    }
  });

const ObjectForm = z.strictObject({
  apiVersion: z.literal(apiVersion, `must be ${apiVersion}`),
  kind: z.literal(kind, `must be ${kind}`),
  metadata: Metadata,
  spec: OnboardingSpec,
  status: z.looseObject({}).optional().meta({
    description: "What Mooring reports about the namespace. Ignored in requests.",
  }),
});

const NamespaceOnboarding = ObjectForm.meta({ id: kind, description: "A request as a Kubernetes object." });

/** The schema of what is sent, for editors: defaults make fields optional. A CustomResourceDefinition could use its `spec`. */
export function objectSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(ObjectForm, { io: "input", target: "draft-7" });
  return { $schema, title: kind, ...schema };
}

/** A body that asks to onboard one namespace. */
export const AnyRequest = z.union([OnboardingRequest, NamespaceOnboarding]);

/** The form in which a request was sent, so that errors can use its field names after it has become a plain request. */
export interface SentAs {
  /** Where an object names its namespace; absent for a plain request. */
  readonly namespaceField?: "/metadata/name" | "/metadata/namespace";
}

export interface SentRequest extends SentAs {
  readonly read: { readonly request: OnboardingRequest } | { readonly issues: readonly z.core.$ZodIssue[] };
  /** Converts JSON pointers in a text, which may be just one pointer, to the form in which the request was sent. */
  readonly asSent: (text: string) => string;
}

export function readSentRequest(value: unknown): SentRequest {
  if (!isObjectForm(value)) {
    const plain = parsePlainly(OnboardingRequest, value);
    return { read: "issues" in plain ? plain : { request: plain.data }, asSent: (text) => text };
  }
  const object = parsePlainly(ObjectForm, value);
  if ("issues" in object) return { read: object, asSent: (text) => text };
  const { metadata, spec } = object.data;
  const request = { ...spec, namespace: metadata.namespace ?? metadata.name };
  const namespaceField = metadata.namespace === undefined ? "/metadata/name" : "/metadata/namespace";
  return { read: { request }, namespaceField, asSent: (text) => textAsSent(namespaceField, text) };
}

/** Converts JSON pointers in a text, which may be just one pointer, to the form in which the request was sent. */
export function textAsSent(namespaceField: SentAs["namespaceField"], text: string): string {
  if (namespaceField === undefined) return text;
  return text.replaceAll(pointers, (pointer) => (pointer === "/namespace" ? namespaceField : `/spec${pointer}`));
}

/** Pointers into a request. The slash in a name such as aks-dev/team-a does not match, because something precedes it. */
const pointers = new RegExp(`(?<![^\\s(])/(${Object.keys(OnboardingRequest.shape).join("|")})(?![\\w-])`, "g");
