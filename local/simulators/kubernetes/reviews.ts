/** Kinds that are questions and have no objects: who am I, what may I or another do, whose token is this. */
import type { Access } from "./access.ts";
import type { Authentication, User } from "./authentication.ts";
import { badRequest, invalid, methodNotAllowed } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "./json.ts";
import { timestamp } from "./object.ts";
import type { AccessAttributes } from "./rbac.ts";
import type { ResourcePath } from "./requestPath.ts";

interface Asked {
  readonly user: User;
  readonly body: Json;
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

  function accessReview(kind: string, user: User, spec: JsonObject): JsonObject {
    const resource = spec["resourceAttributes"];
    const path = spec["nonResourceAttributes"];
    const isOne = isObject(resource) !== isObject(path);
    const what = { group: "authorization.k8s.io", kind };
    if (!isOne) {
      const message = isObject(resource)
        ? "Invalid value: cannot be specified in combination with resourceAttributes"
        : "Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified";
      const field = isObject(resource) ? "spec.nonResourceAttributes" : "spec.resourceAttributes";
      throw invalid(what, "", [{ reason: "FieldValueInvalid", message, field }]);
    }
    const allowed = isObject(resource)
      ? access.isAllowed(user, attributesIn(resource))
      : access.isPathAllowed(user, stringAt(path, "verb") ?? "", stringAt(path, "path") ?? "");
    return allowed ? { allowed } : { allowed, reason: "no RBAC policy matched" };
  }

  function subjectAccess(kind: string, body: Json, namespace?: string): JsonObject {
    const spec = objectAt(body, "spec");
    const name = stringAt(spec, "user") ?? "";
    const groups = listAt(spec, "groups").filter((each) => typeof each === "string");
    if (name === "" && groups.length === 0) {
      const message = "Invalid value: at least one of user or group must be specified";
      throw invalid({ group: "authorization.k8s.io", kind }, "", [
        { reason: "FieldValueInvalid", message, field: "spec.user" },
      ]);
    }
    const asked = stringAt(spec, "resourceAttributes", "namespace") ?? "";
    if (namespace !== undefined && asked !== namespace) {
      throw badRequest(
        `spec.resourceAttributes.namespace must match namespace: ${namespace}, got ${JSON.stringify(asked)}`,
      );
    }
    const named = authentication.named(name, groups);
    // Groups are only those that the question names.
    return answerOf(kind, body, accessReview(kind, { ...named, groups }, spec));
  }

  const answerOf = (kind: string, body: Json, status: JsonObject): JsonObject => ({
    kind,
    apiVersion: authorization,
    metadata: objectAt(body, "metadata"),
    spec: objectAt(body, "spec"),
    status,
  });

  const reviews: Readonly<Record<string, Review>> = {
    selfsubjectaccessreviews: ({ user, body }) => {
      const kind = "SelfSubjectAccessReview";
      return answerOf(kind, body, accessReview(kind, user, objectAt(body, "spec")));
    },
    subjectaccessreviews: ({ body }) => subjectAccess("SubjectAccessReview", body),
    localsubjectaccessreviews: ({ body, path }) =>
      subjectAccess("LocalSubjectAccessReview", body, path.namespace ?? ""),
    selfsubjectrulesreviews: ({ user, body }) => {
      const namespace = stringAt(body, "spec", "namespace");
      if (!namespace) throw badRequest("no namespace on request");
      const rules = access.rulesFor(user, namespace).map((rule): JsonObject => JSON.parse(JSON.stringify(rule)));
      const isPath = (rule: JsonObject) => rule["nonResourceURLs"] !== undefined;
      return answerOf("SelfSubjectRulesReview", body, {
        resourceRules: rules.filter((rule) => !isPath(rule)),
        nonResourceRules: rules.filter(isPath),
        incomplete: false,
      });
    },
    selfsubjectreviews: ({ user }) => ({
      kind: "SelfSubjectReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { creationTimestamp: timestamp(now()) },
      status: { userInfo: userInfo(user) },
    }),
    tokenreviews: async ({ body }) => {
      const spec = objectAt(body, "spec");
      const token = stringAt(spec, "token") ?? "";
      if (token === "") throw badRequest("token is required for TokenReview in authentication");
      const asked = listAt(spec, "audiences").filter((each) => typeof each === "string");
      const audiences = asked.length === 0 ? [audience] : asked;
      const user = await authentication.ofToken(token, audiences);
      return {
        kind: "TokenReview",
        apiVersion: "authentication.k8s.io/v1",
        metadata: objectAt(body, "metadata"),
        spec,
        status:
          user === undefined
            ? { user: {}, error: "invalid bearer token" }
            : { authenticated: true, user: userInfo(user), audiences },
      };
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
          return review({ ...asked, path });
        },
      };
    },
  };
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
