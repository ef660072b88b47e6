/**
 * ValidatingAdmissionPolicies ("Validating Admission Policy" in kubernetes.io): their expressions are evaluated as they are. Every
 * binding denies, and applies everywhere; parameters, audit annotations and match policies are not there.
 */
import { Environment } from "@marcbachmann/cel-js";
import type { JsonObject } from "azure-sim/json";
import { z } from "zod";
import { messageOf } from "../messageOf.ts";
import { ApiFailure } from "./failures.ts";
import type { AdmissionRequest } from "./webhooks.ts";

const Rule = z.strictObject({
  apiGroups: z.array(z.string()),
  apiVersions: z.array(z.string()),
  resources: z.array(z.string()),
  operations: z.array(z.string()),
});
const Named = z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]);
const Policy = z.strictObject({
  apiVersion: z.literal("admissionregistration.k8s.io/v1"),
  kind: z.literal("ValidatingAdmissionPolicy"),
  metadata: z.object({ name: z.string() }),
  spec: z.strictObject({
    failurePolicy: z.literal("Fail"),
    matchConstraints: z.strictObject({ resourceRules: z.array(Rule) }),
    matchConditions: Named,
    variables: Named,
    validations: z.array(z.strictObject({ expression: z.string(), message: z.string() })),
  }),
});
type Policy = z.infer<typeof Policy>;

const Binding = z.strictObject({
  apiVersion: z.literal("admissionregistration.k8s.io/v1"),
  kind: z.literal("ValidatingAdmissionPolicyBinding"),
  metadata: z.object({ name: z.string() }),
  spec: z.strictObject({ policyName: z.string(), validationActions: z.tuple([z.literal("Deny")]) }),
});

export interface PolicyRequest extends Omit<AdmissionRequest, "object"> {
  /** Null for a deletion. */
  readonly object: JsonObject | null;
  /** Null for a creation. */
  readonly oldObject: JsonObject | null;
  /** The namespace that the object is in; null for one of the whole cluster. */
  readonly namespaceObject: JsonObject | null;
  readonly user: string;
  readonly subresource: string | undefined;
}

/** Throws when a policy denies the request. */
export type PolicyAdmission = (request: PolicyRequest) => void;

/** Documents of other kinds are ignored. */
export function createPolicyAdmission(documents: readonly unknown[]): PolicyAdmission {
  const of = (kind: string) =>
    documents.filter((document) => z.object({ kind: z.literal(kind) }).safeParse(document).success);
  const policies = of("ValidatingAdmissionPolicy").map((document) => Policy.parse(document));
  const bindings = of("ValidatingAdmissionPolicyBinding").map((document) => Binding.parse(document));
  const bound = bindings.map(({ metadata, spec }) => {
    const policy = policies.find((each) => each.metadata.name === spec.policyName);
    if (!policy) throw new Error(`binding ${metadata.name} names no policy`);
    return { evaluate: compile(policy), policy: policy.metadata.name, binding: metadata.name };
  });
  return (request) => {
    for (const { evaluate, policy, binding } of bound) {
      const why = evaluate(request);
      if (why === undefined) continue;
      const { plural, group } = request.resource;
      const kind = group === "" ? plural : `${plural}.${group}`;
      const told = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${why}`;
      throw new ApiFailure(422, "Invalid", `${kind} "${request.name ?? ""}" is forbidden: ${told}`, {
        ...{ name: request.name, group: group === "" ? undefined : group, kind: plural },
        causes: [{ message: told }],
      });
    }
  };
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
});

/** Returns why the policy denies a request; undefined if it does not. */
function compile({ spec }: Policy): (request: PolicyRequest) => string | undefined {
  const { matchConstraints, matchConditions, variables, validations } = spec;
  const parsed = (expression: string) => environment.parse(expression);
  const conditions = matchConditions.map(({ expression }) => parsed(expression));
  const named = variables.map(({ name, expression }) => ({ name, value: parsed(expression) }));
  const checks = validations.map(({ expression, message }) => ({ holds: parsed(expression), message }));
  return (request) => {
    if (!matchConstraints.resourceRules.some((rule) => isMatch(rule, request))) return undefined;
    const context = contextOf(request);
    if (!conditions.every((holds) => holds(context))) return undefined;
    // Each is evaluated when an expression needs it, once.
    const known = new Map<string, unknown>();
    const values = {};
    for (const { name, value } of named) {
      Object.defineProperty(values, name, {
        enumerable: true,
        get() {
          if (!known.has(name)) known.set(name, value({ ...context, variables: values }));
          return known.get(name);
        },
      });
    }
    for (const { holds, message } of checks) {
      try {
        if (holds({ ...context, variables: values }) !== true) return message;
      } catch (error) {
        return `an expression resulted in error: ${messageOf(error)}`;
      }
    }
    return undefined;
  };
}

function isMatch(rule: z.infer<typeof Rule>, { operation, resource, subresource }: PolicyRequest): boolean {
  const has = (allowed: readonly string[], value: string) => allowed.includes("*") || allowed.includes(value);
  const [plural, sub] = [resource.plural, subresource === undefined ? [] : [subresource]];
  const names = [[plural, ...sub].join("/"), ["*", ...sub].join("/"), "*/*"];
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    rule.resources.some((name) => names.includes(name))
  );
}

function contextOf({ operation, resource, namespace, name, subresource, user, dryRun, ...objects }: PolicyRequest) {
  const { group, version, plural, kind } = resource;
  const request = {
    operation,
    kind: { group, version, kind },
    resource: { group, version, resource: plural },
    userInfo: { username: user },
    dryRun,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subResource: subresource }),
  };
  return { request, object: objects.object, oldObject: objects.oldObject, namespaceObject: objects.namespaceObject };
}
