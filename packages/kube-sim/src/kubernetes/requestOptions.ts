/** What a request asks for besides its object: options of writes and deletions, in its query or its body. */
import { listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import {
  isTrue,
  optionsOf,
  readFieldValidation,
  requireDeletePolicy,
  requireDryRun,
  requireNumber,
  requireWriteOptions,
} from "./options.ts";
import type { ApiRequest, Carried } from "./request.ts";
import { deletionBody, mediaTypeOf } from "./requestBody.ts";
import type { Resource } from "./resource.ts";
import type { WriteOptions } from "./verbs.ts";

export function writeOptions(request: Carried): WriteOptions {
  const { method, url, headers, user, requireGrant, warnings } = request;
  const query = url.searchParams;
  const manager = query.get("fieldManager") || (headers["user-agent"]?.split(/[/ ]/)[0] ?? "") || "unknown";
  requireWriteOptions(optionsOf(method), query, { manager, mediaType: mediaTypeOf(request) });
  return {
    manager,
    byClient: true,
    user,
    requireGrant,
    dryRun: query.has("dryRun"),
    fieldValidation: readFieldValidation(query.get("fieldValidation")),
    warn: (message) => warnings.push(message),
  };
}

export function deleteOptions(request: ApiRequest, resource: Resource) {
  // Whoever sends a body says everything there.
  const query = request.body === "" ? request.url.searchParams : new URLSearchParams();
  const body = deletionBody(request);
  const preconditions = objectAt(body, "preconditions");
  const policy = propagationPolicy(request);
  requireDeletePolicy(policy, typeof objectAt(body)["orphanDependents"] === "boolean" || query.has("orphanDependents"));
  const grace = query.get("gracePeriodSeconds") ?? "";
  requireNumber(grace);
  const dryRun = listAt(body, "dryRun").map(String);
  const isOrphaned = isOrphaning(request) ?? resource.kind === "Job";
  return {
    byClient: true,
    user: request.user,
    dryRun: requireDryRun("DeleteOptions", [...query.getAll("dryRun"), ...dryRun]),
    // By default, deleting a job keeps its pods, as batch/v1 always did.
    orphan: policy === undefined ? isOrphaned : policy === "Orphan",
    foreground: policy === "Foreground",
    graceSeconds: numberAt(body, "gracePeriodSeconds") ?? (grace === "" ? undefined : Number(grace)),
    preconditions: {
      uid: stringAt(preconditions, "uid"),
      resourceVersion: stringAt(preconditions, "resourceVersion"),
    },
  };
}

/** The older name of the policies Orphan and Background. */
function isOrphaning(request: ApiRequest): boolean | undefined {
  if (request.body === "") {
    const given = request.url.searchParams.get("orphanDependents");
    return given === null ? undefined : isTrue(given);
  }
  const given = objectAt(deletionBody(request))["orphanDependents"];
  return typeof given === "boolean" ? given : undefined;
}

function propagationPolicy(request: ApiRequest): string | undefined {
  if (request.body !== "") return stringAt(deletionBody(request), "propagationPolicy");
  return request.url.searchParams.get("propagationPolicy") ?? undefined;
}

export function orphanWarning(request: ApiRequest, resource: Resource): string | undefined {
  if (resource.kind !== "Job" || propagationPolicy(request) !== undefined) return undefined;
  if (isOrphaning(request) !== undefined) return undefined;
  return "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";
}
