/** A request as it comes: plain, or as a Kubernetes object (docs/adr/0014). Behind this there are plain requests alone. */
import { z } from "zod";
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

/** Fields of other people's tools and of an API server; Go writes those that are empty as null. */
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

/** For editors; of `spec`, a CustomResourceDefinition could be made. Of what is sent: what has a default may be left out. */
export function objectSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(ObjectForm, { io: "input", target: "draft-7" });
  return { $schema, title: kind, ...schema };
}

/** What a body may be that asks for the onboarding of one namespace. */
export const AnyRequest = z.union([OnboardingRequest, NamespaceOnboarding]);

/** The form of a request: by it, the fields can be told later, when it is a plain request. */
export interface SentAs {
  /** Where an object names its namespace; absent of a plain request. */
  readonly namespaceField?: "/metadata/name" | "/metadata/namespace";
}

export interface SentRequest extends SentAs {
  readonly read: { readonly request: OnboardingRequest } | { readonly issues: readonly z.core.$ZodIssue[] };
  /** A JSON pointer into the request, or a text that holds some, as whoever sent it finds the fields. */
  readonly asSent: (text: string) => string;
}

export function readSentRequest(value: unknown): SentRequest {
  if (!isObjectForm(value)) {
    const { data, error } = OnboardingRequest.safeParse(value);
    return { read: data ? { request: data } : { issues: error.issues }, asSent: (text) => text };
  }
  const { data, error } = ObjectForm.safeParse(value);
  if (!data) return { read: { issues: error.issues }, asSent: (text) => text };
  const { metadata, spec } = data;
  const request = { ...spec, namespace: metadata.namespace ?? metadata.name };
  const namespaceField = metadata.namespace === undefined ? "/metadata/name" : "/metadata/namespace";
  return { read: { request }, namespaceField, asSent: (text) => textAsSent(namespaceField, text) };
}

/** A pointer into the request, or a text that holds some, by the fields of the form in which it was sent. */
export function textAsSent(namespaceField: SentAs["namespaceField"], text: string): string {
  if (namespaceField === undefined) return text;
  return text.replaceAll(pointers, (pointer) => (pointer === "/namespace" ? namespaceField : `/spec${pointer}`));
}

/** The pointers that are said of a request; a slash in a name such as aks-dev/team-a has something before it. */
const pointers = new RegExp(`(?<![^\\s(])/(${Object.keys(OnboardingRequest.shape).join("|")})(?![\\w-])`, "g");
