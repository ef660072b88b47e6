/** The options in a request's query: those that an API server refuses before it looks at any object. */
import type { FieldValidation } from "./body.ts";
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, invalid } from "./failures.ts";
import { readToken } from "./pages.ts";

type Options = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions" | "ListOptions";

export function optionsOf(method: string): Options {
  const byMethod: Readonly<Record<string, Options>> = {
    ...{ POST: "CreateOptions", PUT: "UpdateOptions", PATCH: "PatchOptions", DELETE: "DeleteOptions" },
  };
  return byMethod[method] ?? "ListOptions";
}

function invalidOptions(kind: Options, ...causes: readonly Cause[]): ApiFailure {
  return invalid({ group: "meta.k8s.io", kind }, "", causes);
}

function unsupportedOption(field: string, shown: string, supported: string): Cause {
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown}: supported values: ${supported}`,
    field,
  };
}

function forbiddenOption(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

const applied = "application/apply-patch+yaml";

/** What a write refuses, all of it at once. */
export function requireWriteOptions(
  kind: Options,
  query: URLSearchParams,
  { manager, mediaType }: { manager: string; mediaType: string },
): void {
  const causes = [
    ...(kind === "PatchOptions" ? patchCauses(query, mediaType) : []),
    ...managerCauses(manager),
    ...dryRunCauses(query.getAll("dryRun")),
    ...validationCauses(query.get("fieldValidation")),
  ];
  if (causes.length > 0) throw invalidOptions(kind, ...causes);
}

function patchCauses(query: URLSearchParams, mediaType: string): Cause[] {
  if (mediaType !== applied) {
    return query.has("force") ? [forbiddenOption("force", "may not be specified for non-apply patch")] : [];
  }
  if (query.get("fieldManager")) return [];
  const message = "Required value: is required for apply patch";
  return [{ reason: "FieldValueRequired", message, field: "fieldManager" }];
}

function managerCauses(manager: string): Cause[] {
  const field = "fieldManager";
  if (manager.length > 128) {
    return [{ reason: "FieldValueTooLong", message: "Too long: may not be more than 128 bytes", field }];
  }
  const unprintable = /[^\P{C}]/u.exec(manager);
  if (!unprintable) return [];
  const code = unprintable[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  const why = `invalid character U+${code} (at position ${unprintable.index})`;
  return [{ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(manager)}: ${why}`, field }];
}

function dryRunCauses(values: readonly string[]): Cause[] {
  const isWrong = values.some((value) => value !== "All");
  return isWrong ? [unsupportedOption("dryRun", JSON.stringify(values), '"All"')] : [];
}

/** Throws for any other word than `All`. */
export function requireDryRun(kind: Options, values: readonly string[]): boolean {
  const causes = dryRunCauses(values);
  if (causes.length > 0) throw invalidOptions(kind, ...causes);
  return values.length > 0;
}

/** Undefined for what is none. */
export function readFieldValidation(text: string | null): FieldValidation | undefined {
  if (text === null || text === "") return "Warn";
  return (["Ignore", "Warn", "Strict"] as const).find((each) => each === text);
}

function validationCauses(text: string | null): Cause[] {
  if (readFieldValidation(text) !== undefined) return [];
  const supported = '"", "Ignore", "Strict", "Warn"';
  return [unsupportedOption("fieldValidation", JSON.stringify(text), supported)];
}

const policies = ["Foreground", "Background", "Orphan"];

export function requireDeletePolicy(policy: string | undefined, hasOrphanDependents: boolean): void {
  if (policy === undefined) return;
  const field = "propagationPolicy";
  const why = "orphanDependents and deletionPropagation cannot be both set";
  const supported = [...policies, "nil"].map((each) => JSON.stringify(each)).join(", ");
  const causes = [
    ...(hasOrphanDependents
      ? [{ reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(policy)}: ${why}` }]
      : []),
    ...(policies.includes(policy) ? [] : [unsupportedOption(field, JSON.stringify(policy), supported)]),
  ];
  if (causes.length > 0) throw invalidOptions("DeleteOptions", ...causes);
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
  requireVersionMatch(query, { isWatch, version, match, token });
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

interface VersionMatch {
  readonly isWatch: boolean;
  readonly version: string;
  readonly match: string;
  readonly token: string;
}

function requireVersionMatch(query: URLSearchParams, { isWatch, version, match, token }: VersionMatch): void {
  const field = "resourceVersionMatch";
  const hasInitialEvents = query.get("sendInitialEvents") !== null;
  if (!isWatch) {
    const causes = listMatchCauses({ version, match, token });
    if (hasInitialEvents) causes.push(forbiddenOption("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    if (causes.length > 0) throw invalidOptions("ListOptions", ...causes);
    return;
  }
  const newest = "NotOlderThan";
  const forbid = (isForbidden: boolean, why: string) => (isForbidden ? [forbiddenOption(field, why)] : []);
  const causes = [
    ...forbid(
      hasInitialEvents && match !== newest,
      `sendInitialEvents requires setting resourceVersionMatch to ${newest}`,
    ),
    ...forbid(
      !hasInitialEvents && match !== "",
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    ),
    ...(match === "" || match === newest
      ? []
      : [unsupportedOption(field, JSON.stringify(match), JSON.stringify(newest))]),
    ...forbid(token !== "", "resourceVersionMatch is forbidden when continue is provided"),
  ];
  if (causes.length > 0) throw invalidOptions("ListOptions", ...causes);
}

function listMatchCauses({ version, match, token }: Omit<VersionMatch, "isWatch">): Cause[] {
  const field = "resourceVersionMatch";
  if (match === "") return [];
  const forbid = (isForbidden: boolean, why: string) => (isForbidden ? [forbiddenOption(field, why)] : []);
  const isKnown = ["Exact", "NotOlderThan"].includes(match);
  return [
    ...forbid(version === "", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
    ...forbid(token !== "", "resourceVersionMatch is forbidden when continue is provided"),
    ...(isKnown ? [] : [unsupportedOption(field, JSON.stringify(match), '"Exact", "NotOlderThan", ""')]),
    ...forbid(
      match === "Exact" && version === "0",
      'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ),
  ];
}

/** Throws unless it is a number, or nothing. */
export function requireNumber(text: string): void {
  if (!/^[+-]?\d*$/.test(text)) throw badRequest(notANumber("strconv.ParseInt", text));
  if (Math.abs(Number(text)) >= 2 ** 63) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
}

function malformedVersion(version: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(version)}: ${notANumber("strconv.ParseUint", version)}`;
}

export function notANumber(parser: string, text: string): string {
  return `${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;
}

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
