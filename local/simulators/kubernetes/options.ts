/** The options in a request's query: those that an API server refuses before it looks at any object. */
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest } from "./failures.ts";
import type { Resource } from "./resource.ts";

type Options = "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions" | "ListOptions";

export function optionsOf(method: string): Options {
  const byMethod: Readonly<Record<string, Options>> = {
    ...{ POST: "CreateOptions", PUT: "UpdateOptions", PATCH: "PatchOptions", DELETE: "DeleteOptions" },
  };
  return byMethod[method] ?? "ListOptions";
}

export function invalidOptions(kind: Options, cause: Cause): ApiFailure {
  const message = `${kind}.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`;
  return new ApiFailure(422, "Invalid", message, { group: "meta.k8s.io", kind, causes: [cause] });
}

export function unsupportedOption(field: string, shown: string, supported: string): Cause {
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown}: supported values: ${supported}`,
    field,
  };
}

function forbiddenOption(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

const policies = ["Foreground", "Background", "Orphan"];

export function requireDeletePolicy(policy: string | undefined, hasOrphanDependents: boolean): void {
  if (policy === undefined) return;
  if (hasOrphanDependents) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    throw invalidOptions("DeleteOptions", {
      ...{ reason: "FieldValueInvalid", field: "propagationPolicy" },
      message: `Invalid value: ${JSON.stringify(policy)}: ${why}`,
    });
  }
  if (policies.includes(policy)) return;
  const supported = [...policies, "nil"].map((each) => JSON.stringify(each)).join(", ");
  const cause = unsupportedOption("propagationPolicy", JSON.stringify(policy), supported);
  throw invalidOptions("DeleteOptions", cause);
}

/** What both lists and watches refuse; `newest` is the version of the store. */
export function requireListOptions(
  query: URLSearchParams,
  { isWatch, newest }: { isWatch: boolean; newest: number },
): void {
  const limit = query.get("limit") ?? "";
  if (!/^[+-]?\d*$/.test(limit)) throw badRequest(notANumber("strconv.ParseInt", limit));
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const forbid = (why: string) => invalidOptions("ListOptions", forbiddenOption("resourceVersionMatch", why));
  if (isWatch && query.get("sendInitialEvents") !== null && match !== "NotOlderThan") {
    throw forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (!isWatch && match !== "" && version === "") {
    throw forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (!/^\d*$/.test(version)) {
    const why = `resourceVersion: Invalid value: ${JSON.stringify(version)}: ${notANumber("strconv.ParseUint", version)}`;
    // A watch finds out later, where it is no longer a bad request.
    throw isWatch ? new ApiFailure(500, "", why) : badRequest(`invalid resource version: ${why}`);
  }
  if (!isWatch && Number(version) > newest) throw fromTheFuture(version, newest);
}

function notANumber(parser: string, text: string): string {
  return `${parser}: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function fromTheFuture(version: string, newest: number): ApiFailure {
  const what = "Too large resource version";
  const causes = [{ reason: "ResourceVersionTooLarge", message: what }];
  return new ApiFailure(504, "Timeout", `Timeout: ${what}: ${version}, current: ${newest}`, {
    ...{ causes, retryAfterSeconds: 1 },
  });
}

/** The media types that an answer can have; a table or metadata is JSON, too. */
const servable = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

export function requireAcceptable(accept: string | undefined, { isCustom }: Pick<Resource, "isCustom">): void {
  const asked = (accept || "*/*").split(",").map((each) => (each.split(";")[0] ?? "").trim().toLowerCase());
  const isServable = (type: string) => ["*/*", "application/*", "text/yaml", ...servable].includes(type);
  if (asked.some(isServable)) return;
  if (isCustom) throw notAcceptable();
  const message = `406: Not Acceptable\n\nAvailable representations: ${servable.join(", ")}`;
  throw new ApiFailure(406, "NotAcceptable", message, {});
}

/** Of what has no metadata, no table can be made. */
export function refuseTable(): never {
  throw notAcceptable();
}

function notAcceptable(): ApiFailure {
  const message = `only the following media types are accepted: ${servable.join(", ")}`;
  return new ApiFailure(406, "NotAcceptable", message);
}
