/** Kinds that are questions and have no objects: who am I, what may I or another do, whose token is this. */
import type { Access } from "./access.ts";
import type { Authentication, User } from "./authentication.ts";
import { unconvertible, withoutNulls } from "./body.ts";
import { zeroObject } from "./builtIn/goForm.ts";
import { schemaOf } from "./builtIn/schemas.ts";
import { type ApiFailure, badRequest, invalid, methodNotAllowed } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "./json.ts";
import { invalidValue } from "./metadataRules.ts";
import { timestamp } from "./object.ts";
import { trackUpdate, type Writer } from "./ownership.ts";
import type { AccessAttributes } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";

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
  at(
    path: ResourcePath,
  ):
    | { readonly isOfOneself: boolean; answer(asked: Omit<Asked, "path">, method: string): Promise<JsonObject> }
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
    if (isObject(resource) === isObject(path)) {
      const why = isObject(resource)
        ? "cannot be specified in combination with resourceAttributes"
        : "exactly one of nonResourceAttributes or resourceAttributes must be specified";
      throw isObject(resource)
        ? refused("spec.nonResourceAttributes", inGo(path), why)
        : refused("spec.resourceAttributes", null, why);
    }
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
    if (name === "" && groups.length === 0) {
      throw refused("spec.user", "", "at least one of user or group must be specified");
    }
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
          incomplete: false,
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
      const audiences = asked.length === 0 ? [audience] : asked;
      const user = await authentication.ofToken(token, audiences);
      const status: JsonObject =
        user === undefined
          ? { user: {}, error: "invalid bearer token" }
          : { authenticated: true, user: userInfo(user), audiences };
      return answerOf({ kind: "TokenReview", body, writer }, status);
    },
  };

  return {
    at(path) {
      const isGroup = ["authorization.k8s.io", "authentication.k8s.io"].includes(path.group);
      const review = isGroup && path.version === "v1" ? reviews[path.plural] : undefined;
      if (review === undefined) return undefined;
      return {
        isOfOneself: ofOneself.has(path.plural),
        async answer(asked, method) {
          if (method !== "POST") throw methodNotAllowed();
          requireKind(asked.body, path);
          const writer = { ...asked.writer, apiVersion: `${path.group}/${path.version}` };
          return review({ ...asked, writer, path });
        },
      };
    },
  };
}

const kinds: Readonly<Record<string, string>> = {
  selfsubjectaccessreviews: "SelfSubjectAccessReview",
  subjectaccessreviews: "SubjectAccessReview",
  localsubjectaccessreviews: "LocalSubjectAccessReview",
  selfsubjectrulesreviews: "SelfSubjectRulesReview",
  selfsubjectreviews: "SelfSubjectReview",
  tokenreviews: "TokenReview",
};

function requireKind(body: Json, { group, plural }: ResourcePath): void {
  const expected = kinds[plural] ?? "";
  const kind = stringAt(body, "kind") ?? expected;
  if (kind === expected) return;
  const version = (stringAt(body, "apiVersion") ?? "v1").split("/").at(-1) ?? "v1";
  const why = unconvertible(kind, { group, kind: expected }, version);
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${expected}: ${why}`);
}

/** Its messages name no kind. */
function refused(field: string, value: Json, why: string): ApiFailure {
  return invalid({ group: "authorization.k8s.io", kind: "" }, "", [invalidValue(field, value, why)]);
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
