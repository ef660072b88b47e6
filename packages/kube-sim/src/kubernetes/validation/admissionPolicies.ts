/** Admission policies whose expressions are in CEL. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { oneOf, required } from "./causes.ts";
import { conditionViolations, expressionProblem, languageOf } from "./expressions.ts";

type Language = ReturnType<typeof languageOf>;

const always = ["object", "oldObject", "request", "namespaceObject", "authorizer"];
const conditions = languageOf(always);

export function admissionPolicyViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const [validations, audits] = [listAt(spec, "validations"), listAt(spec, "auditAnnotations")];
  const [constraints, variables] = [spec["matchConstraints"], listAt(spec, "variables")];
  const nothing = "validations or auditAnnotations must contain at least one item";
  const isNothing = validations.length === 0 && audits.length === 0;
  const language = languageOf([
    ...always,
    ...(isObject(spec["paramKind"]) ? ["params"] : []),
    ...(variables.length > 0 ? ["variables"] : []),
  ]);
  return [
    ...oneOf("spec.failurePolicy", spec["failurePolicy"], ["Fail", "Ignore"]),
    ...(isObject(constraints) ? [] : [required("spec.matchConstraints")]),
    ...(isObject(constraints) && listAt(constraints, "resourceRules").length === 0
      ? [required("spec.matchConstraints.resourceRules")]
      : []),
    ...listAt(spec, "matchConditions").flatMap((each, index) =>
      matchViolations(each, `spec.matchConditions[${index}]`),
    ),
    ...variables.flatMap((each, index) => variableViolations(language, each, `spec.variables[${index}]`)),
    ...(isNothing ? [required("spec.validations", nothing), required("spec.auditAnnotations", nothing)] : []),
    ...validations.flatMap((each, index) => validationViolations(language, each, `spec.validations[${index}]`)),
  ];
}

function matchViolations(condition: Json, at: string): Cause[] {
  const expression = stringAt(condition, "expression")?.trim() ?? "";
  return [
    ...(expression === ""
      ? [required(`${at}.expression`)]
      : conditionViolations(conditions, expression, `${at}.expression`)),
    ...(stringAt(condition, "name") ? [] : [required(`${at}.name`)]),
  ];
}

function variableViolations(language: Language, variable: Json, at: string): Cause[] {
  const [name = "", expression = ""] = ["name", "expression"].map((field) => stringAt(variable, field)?.trim());
  const problem = expression === "" ? undefined : expressionProblem(language, expression);
  const isName = /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name);
  return [
    ...(name === "" ? [required(`${at}.name`, "name is not specified")] : []),
    ...(name === "" || isName ? [] : [invalidValue(`${at}.name`, name, "must be a valid CEL identifier")]),
    ...(expression === "" ? [required(`${at}.expression`, "expression is not specified")] : []),
    ...(problem === undefined ? [] : [invalidValue(`${at}.expression`, expression, problem)]),
  ];
}

function validationViolations(language: Language, validation: Json, at: string): Cause[] {
  const expression = stringAt(validation, "expression") ?? "";
  return [
    ...(expression.trim() === ""
      ? [required(`${at}.expression`, "expression is not specified")]
      : conditionViolations(language, expression, `${at}.expression`)),
    ...oneOf(`${at}.reason`, objectAt(validation)["reason"], ["Forbidden", "Invalid", "RequestEntityTooLarge"]),
  ];
}
