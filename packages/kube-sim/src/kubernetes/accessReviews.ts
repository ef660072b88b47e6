/** What may I do, or another: the kinds of authorization.k8s.io. */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import type { Access } from "./access.ts";
import type { Authentication } from "./authentication.ts";
import { type ApiFailure, badRequest, invalid } from "./failures.ts";
import { type Question, tracked } from "./question.ts";
import type { AccessAttributes } from "./rbac.ts";
import type { User } from "./users.ts";
import { invalidValue } from "./validation/causes.ts";

export type Reviewing = (question: Question, user: User) => JsonObject | Promise<JsonObject>;

export function accessReviews({
  access,
  authentication,
}: {
  readonly access: Access;
  readonly authentication: Authentication;
}): Readonly<Record<string, Reviewing>> {
  const ofSubject: Reviewing = (question) => {
    const { body, namespace } = question;
    const spec = objectAt(body, "spec");
    const name = stringAt(spec, "user") ?? "";
    const groups = listAt(spec, "groups").filter((each) => typeof each === "string");
    if (namespace !== undefined) requireNamespace(spec, namespace);
    // Groups are only those that the question names.
    return answerOf(question, reviewed(access, { ...authentication.named(name, groups), groups }, spec));
  };
  return {
    SelfSubjectAccessReview: (question, user) =>
      answerOf(question, reviewed(access, user, objectAt(question.body, "spec"))),
    SubjectAccessReview: ofSubject,
    LocalSubjectAccessReview: ofSubject,
    SelfSubjectRulesReview: ({ kind, body, writer: { apiVersion } }, user) => {
      const namespace = stringAt(body, "spec", "namespace");
      if (!namespace) throw badRequest("no namespace on request");
      const rules = access.rulesFor(user, namespace).map((rule): JsonObject => JSON.parse(JSON.stringify(rule)));
      const isPath = (rule: JsonObject) => rule["nonResourceURLs"] !== undefined;
      return {
        ...{ kind, apiVersion, metadata: {}, spec: {} },
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
  };
}

function reviewed(access: Access, user: User, spec: JsonObject): JsonObject {
  const resource = spec["resourceAttributes"];
  const path = spec["nonResourceAttributes"];
  if (isObject(resource) === isObject(path)) throw refused("spec", spec, "must be about a resource or about a path");
  if (user.name === "" && user.groups.length === 0) throw refused("spec.user", "", "must name a user or a group");
  if (isObject(resource)) requireOneSelector(resource);
  const attributes = isObject(resource) ? attributesIn(resource) : undefined;
  const [verb, to] = [stringAt(path, "verb") ?? "", stringAt(path, "path") ?? ""];
  const allowed = attributes ? access.isAllowed(user, attributes) : access.isPathAllowed(user, verb, to);
  const reason = attributes ? access.reasonFor(user, attributes) : access.reasonForPath(user, verb, to);
  return { allowed, ...(reason === "" ? {} : { reason }) };
}

function answerOf(question: Question, status: JsonObject): JsonObject {
  const { kind, namespace, body, writer } = question;
  const { metadata: given, managedFields } = tracked(question);
  if (Object.keys(given).some((field) => field !== "namespace" && field !== "creationTimestamp")) {
    throw refused("metadata", { ...given, managedFields }, "must be empty");
  }
  const metadata = { ...given, ...(namespace === undefined ? {} : { namespace }), managedFields };
  return { kind, apiVersion: writer.apiVersion, metadata, spec: objectAt(body, "spec"), status };
}

function requireNamespace(spec: JsonObject, namespace: string): void {
  const path = spec["nonResourceAttributes"];
  if (isObject(path)) throw refused("spec.nonResourceAttributes", path, "disallowed on this kind of request");
  const asked = stringAt(spec, "resourceAttributes", "namespace") ?? "";
  if (asked !== namespace) throw refused("spec.resourceAttributes.namespace", asked, "must match metadata.namespace");
}

function refused(field: string, value: Json, why: string): ApiFailure {
  return invalid({ group: "authorization.k8s.io", kind: "" }, "", [invalidValue(field, value, why)]);
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
