/** Kinds that are questions and have no objects: who am I, what may I or another do, whose token is this. */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import type { Access } from "./access.ts";
import type { Authentication, User } from "./authentication.ts";
import { addressed, known, type Strictness, withoutNulls } from "./body.ts";
import { zeroObject } from "./builtIn/goForm.ts";
import { kindsServed } from "./builtIn/kinds.ts";
import { builtInResource } from "./builtIn/resources.ts";
import { schemaOf } from "./builtIn/schemas.ts";
import type { Cause } from "./cause.ts";
import { type ApiFailure, badRequest, invalid, methodNotAllowed, noSuchResource } from "./failures.ts";
import { timestamp } from "./object.ts";
import { trackUpdate, type Writer } from "./ownership.ts";
import type { AccessAttributes } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { invalidValue } from "./validation/causes.ts";

interface Asked {
  readonly user: User;
  readonly body: Json;
  readonly writer: Writer;
  readonly path: ResourcePath;
}

type Review = (asked: Asked) => JsonObject | Promise<JsonObject>;

/** Those that every authenticated caller may ask (the ClusterRole system:basic-user); others need the right to create them. */
const ofOneself = new Set(["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]);

export interface Reviews {
  /** Undefined if the path is that of no review. */
  at(path: ResourcePath):
    | {
        readonly kind: string;
        readonly isOfOneself: boolean;
        answer(asked: Omit<Asked, "path">, method: string, strictness: Strictness): Promise<JsonObject>;
      }
    | undefined;
}

export function createReviews({
  access,
  authentication,
  audience,
  now,
}: {
  access: Access;
  authentication: Authentication;
  /** Of this API server. */
  audience: string;
  now: () => Date;
}): Reviews {
  const authorization = "authorization.k8s.io/v1";

  function accessReview(user: User, spec: JsonObject): JsonObject {
    const resource = spec["resourceAttributes"];
    const path = spec["nonResourceAttributes"];
    const causes = [...subjectlessCauses(spec), ...(user.name === "" && user.groups.length === 0 ? [nobody] : [])];
    if (causes.length > 0) throw refusedBy(causes);
    if (isObject(resource)) requireOneSelector(resource);
    const attributes = isObject(resource) ? attributesIn(resource) : undefined;
    const allowed = attributes
      ? access.isAllowed(user, attributes)
      : access.isPathAllowed(user, stringAt(path, "verb") ?? "", stringAt(path, "path") ?? "");
    const reason = attributes
      ? access.reasonFor(user, attributes)
      : access.reasonForPath(user, stringAt(path, "verb") ?? "", stringAt(path, "path") ?? "");
    return { allowed, ...(reason === "" ? {} : { reason }) };
  }

  function subjectAccess(
    kind: string,
    { body, writer }: Pick<Asked, "body" | "writer">,
    namespace?: string,
  ): JsonObject {
    const spec = objectAt(body, "spec");
    const name = stringAt(spec, "user") ?? "";
    const groups = listAt(spec, "groups").filter((each) => typeof each === "string");
    if (namespace !== undefined) requireNamespace(spec, namespace);
    const named = authentication.named(name, groups);
    // Groups are only those that the question names.
    const review = { kind, body, writer, ...(namespace === undefined ? {} : { namespace }) };
    return answerOf(review, accessReview({ ...named, groups }, spec));
  }

  function requireNamespace(spec: JsonObject, namespace: string): void {
    const path = spec["nonResourceAttributes"];
    if (isObject(path)) throw refused("spec.nonResourceAttributes", inGo(path), "disallowed on this kind of request");
    const asked = stringAt(spec, "resourceAttributes", "namespace") ?? "";
    if (asked !== namespace) throw refused("spec.resourceAttributes.namespace", asked, "must match metadata.namespace");
  }

  interface Answered {
    readonly kind: string;
    readonly body: Json;
    readonly writer: Writer;
    readonly namespace?: string;
  }

  function answerOf({ kind, body, writer, namespace }: Answered, status: JsonObject): JsonObject {
    const { metadata: given, managedFields } = tracked(kind, body, writer);
    if (
      kind !== "TokenReview" &&
      Object.keys(given).some((field) => field !== "namespace" && field !== "creationTimestamp")
    ) {
      throw refused("metadata", { ...given, managedFields }, "must be empty");
    }
    const metadata = { ...given, ...(namespace === undefined ? {} : { namespace }), managedFields };
    return { kind, apiVersion: writer.apiVersion, metadata, spec: objectAt(body, "spec"), status };
  }

  const reviews: Readonly<Record<string, Review>> = {
    selfsubjectaccessreviews: ({ user, body, writer }) => {
      const kind = "SelfSubjectAccessReview";
      return answerOf({ kind, body, writer }, accessReview(user, objectAt(body, "spec")));
    },
    subjectaccessreviews: (asked) => subjectAccess("SubjectAccessReview", asked),
    localsubjectaccessreviews: (asked) => subjectAccess("LocalSubjectAccessReview", asked, asked.path.namespace ?? ""),
    selfsubjectrulesreviews: ({ user, body }) => {
      const namespace = stringAt(body, "spec", "namespace");
      if (!namespace) throw badRequest("no namespace on request");
      const rules = access.rulesFor(user, namespace).map((rule): JsonObject => JSON.parse(JSON.stringify(rule)));
      const isPath = (rule: JsonObject) => rule["nonResourceURLs"] !== undefined;
      return {
        ...{ kind: "SelfSubjectRulesReview", apiVersion: authorization, metadata: {}, spec: {} },
        status: {
          resourceRules: rules.filter((rule) => !isPath(rule)),
          nonResourceRules: rules.filter(isPath),
          // As where a webhook decides, too, such as Azure RBAC in AKS.
          ...(access.hasAllRules()
            ? { incomplete: false }
            : { incomplete: true, evaluationError: "webhook authorizer does not support user rule resolution" }),
        },
      };
    },
    selfsubjectreviews: ({ user }) => ({
      kind: "SelfSubjectReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { creationTimestamp: timestamp(now()) },
      status: { userInfo: userInfo(user) },
    }),
    tokenreviews: async ({ body, writer }) => {
      const spec = objectAt(body, "spec");
      const token = stringAt(spec, "token") ?? "";
      if (token === "") throw badRequest("token is required for TokenReview in authentication");
      const asked = listAt(spec, "audiences").filter((each) => typeof each === "string");
      const known = await authentication.ofToken(token, asked.length === 0 ? [audience] : asked);
      const status: JsonObject =
        known === undefined
          ? { user: {}, error: "invalid bearer token" }
          : { authenticated: true, user: userInfo(known.user), audiences: [...known.audiences] };
      return answerOf({ kind: "TokenReview", body, writer }, status);
    },
  };

  return {
    at(path) {
      const isGroup = ["authorization.k8s.io", "authentication.k8s.io"].includes(path.group);
      const review = isGroup && path.version === "v1" ? reviews[path.plural] : undefined;
      if (review === undefined) return undefined;
      return {
        kind: kindAt(path),
        isOfOneself: ofOneself.has(path.plural),
        async answer(asked, method, strictness) {
          if (method !== "POST") throw methodNotAllowed();
          const body = decodedAs(path, asked.body, strictness);
          const writer = { ...asked.writer, apiVersion: `${path.group}/${path.version}` };
          return review({ ...asked, body, writer, path });
        },
      };
    },
  };
}

/** Whoever asks owns the question. */
function tracked(kind: string, body: Json, writer: Writer) {
  const { apiVersion } = writer;
  const [group = "", version = ""] = apiVersion.split("/");
  const schema = schemaOf(`io.k8s.api.${group.split(".")[0]}.${version}.${kind}`);
  const metadata = withoutNulls(objectAt(body, "metadata"));
  const before = zeroObject({ apiVersion, kind });
  const after = { ...before, metadata, spec: { ...objectAt(before, "spec"), ...objectAt(body, "spec") } };
  return { metadata, managedFields: trackUpdate(before, after, { managedFields: [], schema, writer }) };
}

/** The question of a request, refused as any object that cannot be read. */
function decodedAs(
  { group, version, plural, namespace }: ResourcePath,
  body: Json,
  strictness: Strictness,
): JsonObject {
  const resource = askable.find((each) => each.group === group && each.version === version && each.plural === plural);
  if (resource === undefined) throw noSuchResource();
  return known(resource, addressed({ resource, namespace, name: undefined }, body), strictness);
}

/** What is asked of an account: a token. */
const tokenRequest = builtInResource({
  ...{ group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", plural: "tokenrequests", singular: "" },
  ...{ namespaced: true, verbs: ["create"], shortNames: [], categories: [], subresources: [], columns: [] },
  definition: "io.k8s.api.authentication.v1.TokenRequest",
});

export function tokenRequestOf(
  body: Json,
  namespace: string | undefined,
  { writer, ...strictness }: Strictness & { readonly writer: Omit<Writer, "apiVersion" | "subresource"> },
): JsonObject {
  const given = known(
    tokenRequest,
    addressed({ resource: tokenRequest, namespace, name: undefined }, body),
    strictness,
  );
  const spec = { expirationSeconds: 3600, ...objectAt(given, "spec") };
  const whole = { ...writer, apiVersion: apiVersionOf(tokenRequest), subresource: "token" };
  const { managedFields } = tracked(tokenRequest.kind, { spec }, whole);
  return { ...given, spec, metadata: { ...objectAt(given, "metadata"), managedFields } };
}

const kindAt = ({ group, plural }: ResourcePath) =>
  askable.find((each) => each.group === group && each.plural === plural)?.kind ?? "";

/** The kinds without objects. */
const askable: readonly Resource[] = kindsServed.filter(({ verbs }) => !verbs.includes("watch")).map(builtInResource);

/** Its messages name no kind. */
const nobody = invalidValue("spec.user", "", "at least one of user or group must be specified");

/** A question is about a resource or about a path. */
function subjectlessCauses(spec: JsonObject): Cause[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (isObject(resource) !== isObject(path)) return [];
  const why = isObject(resource)
    ? "cannot be specified in combination with resourceAttributes"
    : "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return isObject(resource)
    ? [invalidValue("spec.nonResourceAttributes", inGo(path), why)]
    : [invalidValue("spec.resourceAttributes", null, why)];
}

function refused(field: string, value: Json, why: string): ApiFailure {
  return refusedBy([invalidValue(field, value, why)]);
}

function refusedBy(causes: readonly Cause[]): ApiFailure {
  return invalid({ group: "authorization.k8s.io", kind: "" }, "", causes);
}

/** As Go prints a struct without JSON's names. */
function inGo(value: Json | undefined): Json {
  if (!isObject(value)) return null;
  const fields = Object.entries(value).map(([field, child]) => [`${field[0]?.toUpperCase()}${field.slice(1)}`, child]);
  return Object.fromEntries(fields);
}

function requireOneSelector(resource: JsonObject): void {
  for (const field of ["fieldSelector", "labelSelector"]) {
    const raw = stringAt(resource, field, "rawSelector") ?? "";
    if (raw === "" || listAt(resource, field, "requirements").length === 0) continue;
    const where = `spec.resourceAttributes.${field}.rawSelector`;
    throw refused(where, raw, "may not specified at the same time as requirements");
  }
}

function attributesIn(resource: JsonObject): AccessAttributes {
  return {
    verb: stringAt(resource, "verb") ?? "",
    group: stringAt(resource, "group") ?? "",
    resource: stringAt(resource, "resource") ?? "",
    subresource: stringAt(resource, "subresource") || undefined,
    namespace: stringAt(resource, "namespace") || undefined,
    name: stringAt(resource, "name") || undefined,
  };
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined ? {} : { extra: JSON.parse(JSON.stringify(extra)) }),
  };
}
