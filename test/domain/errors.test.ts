import { expect, it } from "vitest";
import { errorDocument } from "../../src/domain/documents/errorDocument.ts";
import { findingCatalogue, fixOfFinding } from "../../src/domain/errors/findings.ts";
import { httpActs } from "../../src/domain/errors/fix.ts";
import {
  type ErrorCode,
  errorCatalogue,
  errorOf,
  fixOf,
  isErrorCode,
  isOfPolicy,
  PermanentError,
  TransientError,
} from "../../src/domain/errors.ts";
import { namesOf } from "../../src/domain/lookUp.ts";
import { describeCode, toNotice, toOperationError } from "../../src/domain/operation/plan.ts";
import { describeErrors } from "../../tools/errorReference.ts";
import { readReference } from "../../tools/reference.ts";

it("has every code, word for word, in docs/errors.md (tools/writeErrorReference.ts writes it)", () => {
  const reference = readReference("errors.md");

  expect(reference).toBe(describeErrors());
  expect(reference.match(/^- `/gm)?.length).toBeGreaterThan(90);
});

it.each<[ErrorCode, string]>([
  ["INVALID_REQUEST", "Refusals"],
  ["NAMESPACE_TERMINATING", "Refusals"],
  ["SQL_FIREWALL", "Errors of steps"],
  ["DEPENDANTS_UNKNOWN", "Notices"],
])("has %s once, under %s", (code, heading) => {
  const parts = readReference("errors.md").split(/^### /m);

  const having = parts.filter((part) => new RegExp(`^- \`${code}\``, "m").test(part));
  expect(having.map((part) => part.split("\n")[0])).toEqual([heading]);
});

it("turns a code into the error class that decides whether the step is retried", () => {
  expect(errorOf("SQL_FIREWALL", "x")).toBeInstanceOf(PermanentError);
  expect(errorOf("SQL_UNAVAILABLE", "x")).toBeInstanceOf(TransientError);
  expect(errorOf("toString", "x")).toMatchObject({ code: "UNEXPECTED" });
});

it("ends a step with a refusal only if a step repeats that check, and with no other", () => {
  expect(errorOf("UNKNOWN_CLUSTER", "x")).toBeInstanceOf(PermanentError);
  expect(errorOf("MALFORMED_JSON", "x")).toMatchObject({ code: "UNEXPECTED" });
  expect(errorOf("DEPENDANTS_UNKNOWN", "x")).toMatchObject({ code: "UNEXPECTED" });
});

it("gives every kind of code a fix, and says whether Mooring retries by itself", () => {
  const fix = expect.any(String);

  expect(toOperationError("QUOTA_EXCEEDED", "x")).toEqual({
    code: "QUOTA_EXCEEDED",
    message: "x",
    fix: "Offboard a namespace, or ask the platform team for a larger quota.",
    retryable: false,
  });
  expect(toOperationError("SQL_UNAVAILABLE", "x")).toEqual({
    code: "SQL_UNAVAILABLE",
    message: "x",
    fix,
    retryable: true,
  });
  expect(toNotice("DRY_RUN_UNSUPPORTED", "x")).toEqual({
    code: "DRY_RUN_UNSUPPORTED",
    message: "x",
    fix,
    retryable: false,
  });
  expect(describeCode("PERMISSIONS_UNKNOWN", "x")).toMatchObject({ code: "PERMISSIONS_UNKNOWN", retryable: false });
  expect(describeCode("constructor", "x")).toMatchObject({ code: "UNEXPECTED", retryable: true });
});

it("renders every act in the fixes, and names no command over HTTP", () => {
  const fixes = [
    ...Object.keys(errorCatalogue).flatMap((code) => (isErrorCode(code) ? [fixOf(code, "answered")] : [])),
    ...namesOf(findingCatalogue).map((code) => fixOfFinding(code).fix),
  ];
  // Braces in a route are OpenAPI's; any others are an act that was not rendered.
  const left = fixes.map((fix) => fix.replaceAll(/\/api\/\S+/g, ""));

  expect(fixes.length).toBeGreaterThan(120);
  expect(left.filter((fix) => /[{}]|mooring [a-z]|--(take-over|ignore-dependants|team)/.test(fix))).toEqual([]);
});

it("says that nothing needs to be done only for what is retried, whichever release recorded it", () => {
  const recorded = {
    ...toOperationError("CLUSTER_UNREACHABLE", "x"),
    fix: "Nothing: Mooring tries again. So 0.1.0 said.",
  };
  const lasting = toOperationError("KUBELET_ROLE_MISSING", "x", "az role assignment create, or {compensate}");

  expect(errorDocument("retried", recorded).fix).toMatch(
    /^Nothing: Mooring tries again\. If it lasts, check the cluster/,
  );
  expect(errorDocument("ended", recorded).fix).toMatch(/^Check the cluster and .*, then send the request again\.$/);
  expect(toOperationError("CLUSTER_UNREACHABLE", "x").fix).toMatch(/^Send the request again\. If it lasts, check/);
  expect(errorDocument("ended", lasting)).toEqual(lasting);
  expect(lasting).toMatchObject({
    fix: `az role assignment create, or ${httpActs.compensate}`,
    fixParts: ["az role assignment create, or ", { act: "compensate", http: httpActs.compensate }],
  });
});

it("says of what somebody has to remove that an undo goes on afterwards, and nothing else does", () => {
  const locked = toOperationError("ARM_LOCKED", "x");

  expect(errorDocument("retried", locked)).toMatchObject({
    retryable: true,
    fix: expect.stringMatching(/^Ask the owner .* narrower one\. Mooring goes on by itself\.$/),
  });
  expect(errorDocument("ended", locked)).toMatchObject({
    retryable: false,
    fix: expect.stringMatching(/^Ask the owner .* narrower one\. Then run the operation again\.$/),
  });
});

it("recognizes policy decisions, and nothing else", () => {
  expect(["NAMESPACE_TAKEN", "FORBIDDEN", "QUOTA_EXCEEDED"].every(isOfPolicy)).toBe(true);
  expect(["OPERATION_IN_PROGRESS", "UNKNOWN_CLUSTER", "ARM_FORBIDDEN", "toString"].some(isOfPolicy)).toBe(false);
});
