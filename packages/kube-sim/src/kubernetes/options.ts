/** The options in a request's query: those that an API server refuses before it looks at any object. */
import type { FieldValidation } from "./body.ts";
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, invalid } from "./failures.ts";
import { readToken } from "./pages.ts";
import { forbidden, invalidValue, oneOf, required } from "./validation/causes.ts";

type Options = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions" | "ListOptions";

export function optionsOf(method: string): Options {
  const byMethod: Readonly<Record<string, Options>> = {
    ...{ POST: "CreateOptions", PUT: "UpdateOptions", PATCH: "PatchOptions", DELETE: "DeleteOptions" },
  };
  return byMethod[method] ?? "ListOptions";
}

function requireNone(kind: Options, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", causes);
}

const applied = "application/apply-patch+yaml";

/** What a write refuses, all of it at once. */
export function requireWriteOptions(
  kind: Options,
  query: URLSearchParams,
  { manager, mediaType }: { manager: string; mediaType: string },
): void {
  requireNone(kind, [
    ...(kind === "PatchOptions" ? patchCauses(query, mediaType) : []),
    ...managerCauses(manager),
    ...dryRunCauses(query.getAll("dryRun")),
    ...oneOf("fieldValidation", query.get("fieldValidation") ?? "", ["", ...fieldValidations]),
  ]);
}

function patchCauses(query: URLSearchParams, mediaType: string): Cause[] {
  if (mediaType === applied)
    return query.get("fieldManager") ? [] : [required("fieldManager", "is required for apply patch")];
  return query.has("force") ? [forbidden("force", "may not be specified for non-apply patch")] : [];
}

function managerCauses(manager: string): Cause[] {
  const field = "fieldManager";
  const [reason, message] = ["FieldValueTooLong", "Too long: may not be more than 128 bytes"];
  if (manager.length > 128) return [{ reason, message, field }];
  return /\p{C}/u.test(manager) ? [invalidValue(field, manager, "has a character that cannot be printed")] : [];
}

const dryRunCauses = (values: readonly string[]) =>
  values.every((value) => value === "All") ? [] : oneOf("dryRun", [...values], ["All"]);

/** Throws for any other word than `All`. */
export function requireDryRun(kind: Options, values: readonly string[]): boolean {
  requireNone(kind, dryRunCauses(values));
  return values.length > 0;
}

const fieldValidations = ["Ignore", "Strict", "Warn"] as const;

export function readFieldValidation(text: string | null): FieldValidation {
  return fieldValidations.find((each) => each === text) ?? "Warn";
}

const policies = ["Foreground", "Background", "Orphan"];

export function requireDeletePolicy(policy: string | undefined, hasOrphanDependents: boolean): void {
  if (policy === undefined) return;
  const field = "propagationPolicy";
  const why = "orphanDependents and deletionPropagation cannot be both set";
  requireNone("DeleteOptions", [
    ...(hasOrphanDependents ? [invalidValue(field, policy, why)] : []),
    ...(policies.includes(policy) ? [] : oneOf(field, policy, [...policies, "nil"])),
  ]);
}

/** What both lists and watches refuse; `newest` is the version of the store. */
export function requireListOptions(
  query: URLSearchParams,
  { isWatch, newest }: { isWatch: boolean; newest: number },
): void {
  for (const name of ["limit", "timeoutSeconds"]) requireNumber(query.get(name) ?? "");
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const token = query.get("continue") ?? "";
  const problem = matchProblem({ isWatch, version, match, token, hasInitialEvents: query.has("sendInitialEvents") });
  requireNone("ListOptions", problem === undefined ? [] : [forbidden("resourceVersionMatch", problem)]);
  if (!isWatch && token !== "") readToken(token);
  if (!isWatch && token !== "" && version !== "" && version !== "0") {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  if (!/^\d*$/.test(version)) {
    const why = malformedVersion(version);
    // A watch finds out later, where it is no longer a bad request.
    throw isWatch ? new ApiFailure(500, "", why) : badRequest(`invalid resource version: ${why}`);
  }
  if (!isWatch && Number(version) > newest) throw fromTheFuture(version, newest);
}

/** What a look at one object refuses. */
export function requireGetOptions(query: URLSearchParams, newest: number): void {
  if (query.get("export") !== null) {
    throw badRequest("the export parameter, deprecated since v1.14, is no longer supported");
  }
  const version = query.get("resourceVersion") ?? "";
  if (!/^\d*$/.test(version)) throw new ApiFailure(500, "", malformedVersion(version));
  if (Number(version) > newest) throw fromTheFuture(version, newest);
}

interface Asked {
  readonly isWatch: boolean;
  readonly version: string;
  readonly match: string;
  readonly token: string;
  readonly hasInitialEvents: boolean;
}

/** How a list or a watch may say which version it means. */
function matchProblem({ isWatch, version, match, token, hasInitialEvents }: Asked): string | undefined {
  if (isWatch) {
    const wanted = hasInitialEvents ? "NotOlderThan" : "";
    if (match !== wanted) return "a watch has NotOlderThan with sendInitialEvents, and nothing without";
    return token === "" ? undefined : "a watch does not continue";
  }
  if (hasInitialEvents) return "sendInitialEvents is forbidden for list";
  if (match === "") return undefined;
  if (!["Exact", "NotOlderThan"].includes(match)) return `${match} is neither Exact nor NotOlderThan`;
  if (version === "" || token !== "") return "it is forbidden without resourceVersion, and with continue";
  return match === "Exact" && version === "0" ? 'Exact is forbidden for resourceVersion "0"' : undefined;
}

/** Throws unless it is a number, or nothing. */
export function requireNumber(text: string): void {
  if (!/^[+-]?\d*$/.test(text) || Math.abs(Number(text)) >= 2 ** 63)
    throw badRequest(notANumber(text, "strconv.ParseInt"));
}

export const notANumber = (text: string, parser = "strconv.ParseUint") =>
  `${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;

const malformedVersion = (version: string) =>
  `resourceVersion: Invalid value: ${JSON.stringify(version)}: ${notANumber(version)}`;

function fromTheFuture(version: string, newest: number): ApiFailure {
  const what = "Too large resource version";
  const causes = [{ reason: "ResourceVersionTooLarge", message: what }];
  return new ApiFailure(504, "Timeout", `Timeout: ${what}: ${version}, current: ${newest}`, {
    ...{ causes, retryAfterSeconds: 1 },
  });
}

/** Kubernetes takes anything for true but these. */
export function isTrue(text: string | null): boolean {
  return text !== null && text.toLowerCase() !== "false" && text !== "0";
}
