/** Whether an object may be stored: what is wrong with it, all of it at once. */
import { type JsonObject, stringAt, without } from "azure-sim/json";
import { withoutAnyNulls } from "./body.ts";
import type { Cause } from "./cause.ts";
import { ruleViolations } from "./customRules.ts";
import { invalid } from "./failures.ts";
import type { Resource } from "./resource.ts";
import { repeatedItems, type Schema } from "./schema.ts";
import { valueViolations } from "./schemaValidation.ts";

/** Throws a 422. */
export function requireValid(
  resource: Resource,
  object: JsonObject,
  more: readonly Cause[],
  before?: JsonObject,
): void {
  if (resource.isCustom) {
    requireValidCustom(resource, object, { more, before });
    return;
  }
  // Nobody checks the status; the metadata has rules of its own.
  const checked = withoutAnyNulls(without(object, "status", "metadata"));
  const isAsked = ({ field }: Cause) => field !== "metadata";
  const causes = [...more, ...valueViolations(checked, resource.schema).filter(isAsked)];
  // Both groups of events are one kind inside.
  const named = resource.kind === "Event" ? { ...resource, group: "" } : resource;
  if (causes.length > 0) throw invalid(named, stringAt(object, "metadata", "name") ?? "", causes);
}

/** Rules are asked only where nothing stands in their way. */
function requireValidCustom(
  resource: Resource,
  object: JsonObject,
  { more, before }: { more: readonly Cause[]; before: JsonObject | undefined },
): void {
  const { schema } = resource;
  const causes = [...more, ...valueViolations(object, schema), ...repeatedItems(object, schema)];
  const isBlocked = causes.some(({ reason }) => blocking.has(reason));
  const rules = isBlocked ? (hasRules(schema) ? [unchecked] : []) : ruleViolations(object, { schema, before });
  const all = [...causes, ...rules];
  if (all.length > 0) throw invalid(resource, stringAt(object, "metadata", "name") ?? "", all);
}

const hasRules = (schema: Schema) => JSON.stringify(schema.properties ?? {}).includes('"x-kubernetes-validations"');

const blocking: ReadonlySet<string> = new Set([
  ...["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany"],
  "FieldValueTypeInvalid",
]);

const unchecked: Cause = {
  ...{ reason: "FieldValueInvalid", field: "<nil>" },
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};
