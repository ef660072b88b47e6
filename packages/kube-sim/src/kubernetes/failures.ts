/** Errors in the API server's format: a Status object, whose reason and details clients branch on. */
import type { JsonObject } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import type { Resource } from "./resource.ts";

interface Details {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: readonly Partial<Cause>[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export class ApiFailure extends Error {
  readonly code: number;
  readonly body: JsonObject;
  readonly headers: Record<string, string>;
  /** What was warned of before. */
  readonly warnings: string[] = [];

  constructor(code: number, reason: string, message: string, details?: Details) {
    super(message);
    this.code = code;
    // A round trip through JSON drops the details that are undefined.
    this.body = JSON.parse(
      JSON.stringify({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message,
        reason: reason === "" ? undefined : reason,
        details,
        code,
      }),
    );
    this.headers = details?.retryAfterSeconds === undefined ? {} : { "retry-after": String(details.retryAfterSeconds) };
  }
}

/** `deployments.apps`: the form in which messages name a resource. */
export function qualifiedPlural({ plural, group }: Pick<Resource, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function qualifiedKind({ kind, group }: Pick<Resource, "group" | "kind">): string {
  return group === "" ? kind : `${kind}.${group}`;
}

export function notFound(resource: Resource, name: string): ApiFailure {
  return new ApiFailure(404, "NotFound", `${qualifiedPlural(resource)} "${name}" not found`, about(resource, name));
}

export function alreadyExists(
  resource: Resource,
  name: string,
  { isLeaving = false, isGenerated = false } = {},
): ApiFailure {
  const before = isLeaving ? "object is being deleted: " : "";
  const after = isGenerated ? ", the server was not able to generate a unique name for the object" : "";
  const message = `${before}${qualifiedPlural(resource)} "${name}" already exists${after}`;
  const retry = isGenerated ? { retryAfterSeconds: 1 } : {};
  return new ApiFailure(409, "AlreadyExists", message, { ...about(resource, name), ...retry });
}

export function conflict(resource: Resource, name: string, why: string): ApiFailure {
  const message = `Operation cannot be fulfilled on ${qualifiedPlural(resource)} "${name}": ${why}`;
  return new ApiFailure(409, "Conflict", message, about(resource, name));
}

export function applyConflict(message: string, causes: readonly Cause[]): ApiFailure {
  return new ApiFailure(409, "Conflict", message, { causes });
}

function aboutKind({ group, kind }: Pick<Resource, "group" | "kind">, name: string) {
  return {
    name: name === "" ? undefined : name,
    group: group === "" ? undefined : group,
    kind: kind === "" ? undefined : kind,
  };
}

export function invalid(
  resource: Pick<Resource, "group" | "kind">,
  name: string,
  causes: readonly Cause[],
): ApiFailure {
  // What is said twice stands once in the message.
  const list = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  const text = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  return new ApiFailure(422, "Invalid", `${qualifiedKind(resource)} "${name}" is invalid: ${text}`, {
    ...aboutKind(resource, name),
    causes,
  });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, "BadRequest", message);
}

/** A body that cannot be read as an object of its kind. */
export class DecodeFailure extends ApiFailure {
  readonly why: string;

  constructor(resource: Pick<Resource, "kind" | "version">, why: string, { kind, version } = resource) {
    super(400, "BadRequest", `${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
    this.why = why;
  }
}

export function unauthorized(): ApiFailure {
  return new ApiFailure(401, "Unauthorized", "Unauthorized");
}

export function forbidden(
  resource: Pick<Resource, "group" | "plural">,
  name: string | undefined,
  why: string,
  causes?: Cause[],
): ApiFailure {
  const subject = name === undefined ? qualifiedPlural(resource) : `${qualifiedPlural(resource)} "${name}"`;
  return new ApiFailure(403, "Forbidden", `${subject} is forbidden: ${why}`, { ...about(resource, name), causes });
}

/** 410: the version that a watch or a page requests is no longer available. */
export function expired(message: string): ApiFailure {
  return new ApiFailure(410, "Expired", message);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiFailure {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return new ApiFailure(415, "UnsupportedMediaType", message);
}

export function methodNotAllowed(): ApiFailure {
  const message = "the server does not allow this method on the requested resource";
  return new ApiFailure(405, "MethodNotAllowed", message, {});
}

export function noSuchResource(): ApiFailure {
  return new ApiFailure(404, "NotFound", "the server could not find the requested resource", {});
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** An error scripted by a test: by status, by reason, or by both. */
export function scripted(effect: {
  readonly code: string | number;
  readonly status?: number;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}): ApiFailure {
  const named = Object.entries(reasons).find(([, reason]) => reason === effect.code)?.[0];
  const status = effect.status ?? (typeof effect.code === "number" ? effect.code : Number(named ?? 500));
  const reason = typeof effect.code === "string" ? effect.code : (reasons[status] ?? "InternalError");
  const message = effect.message ?? `the server answered ${reason}, as scripted`;
  // An API server that throttles always sends Retry-After.
  const retryAfterSeconds = effect.retryAfterSeconds ?? (status === 429 ? 1 : undefined);
  return new ApiFailure(status, reason, message, { retryAfterSeconds });
}

function about({ group, plural }: Pick<Resource, "group" | "plural">, name: string | undefined): Details {
  return { name, group: group === "" ? undefined : group, kind: plural };
}
