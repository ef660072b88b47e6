/** What a client accepts: the media type, and the form of objects ("Receiving resources as Tables" in kubernetes.io "API Concepts"). */
import { ApiFailure } from "./failures.ts";
import type { Resource } from "./resource.ts";

const forms = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"] as const;
export type Form = (typeof forms)[number];

export interface Accepted {
  /** Undefined for objects as they are. */
  readonly form?: Form;
  /** Of the form. */
  readonly version: string;
  readonly isProtobuf: boolean;
}

const protobuf = "application/vnd.kubernetes.protobuf";
const servable = ["application/json", "application/yaml", protobuf];

const streams = ["application/json", protobuf].map((type) => `${type};stream=watch`);

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** As the client prefers them. */
function clausesOf(accept: string | undefined): readonly Clause[] {
  const clauses = (accept || "*/*").split(",").map((text): Clause => {
    const [type = "", ...rest] = text.split(";").map((part) => part.trim());
    const parameters = new Map(rest.map((each) => [each.split("=")[0] ?? "", each.split("=")[1] ?? ""]));
    return { type: type.toLowerCase(), parameters };
  });
  const quality = ({ parameters }: Clause) => Number(parameters.get("q") ?? 1);
  return clauses.toSorted((left, right) => quality(right) - quality(left));
}

const isServable = (type: string) => ["*/*", ...servable].includes(type);

/** Throws a 406. Without `hasForms`, only whole objects are served, as of kinds that have no metadata. */
export function negotiate(
  accept: string | undefined,
  {
    isCustom,
    hasForms,
    isWatchable = false,
    isWatch = false,
  }: Pick<Resource, "isCustom"> & {
    readonly hasForms: boolean;
    readonly isWatchable?: boolean;
    readonly isWatch?: boolean;
  },
): Accepted {
  const clauses = clausesOf(accept);
  if (!isCustom && !clauses.some(({ type }) => isServable(type))) {
    const available = [...servable, ...(isWatchable ? streams : [])].join(", ");
    const message = `406: Not Acceptable\n\nAvailable representations: ${available}`;
    throw new ApiFailure(406, "NotAcceptable", message, {});
  }
  // Nobody streams YAML.
  const servedBy = clauses.filter(({ type }) => isServable(type) && !(isWatch && type.endsWith("/yaml")));
  if (isWatch && servedBy.length === 0) {
    throw notAcceptable(`only the following media types are accepted: ${streams.join(", ")}`);
  }
  for (const { type, parameters } of servedBy) {
    const isProtobuf = type === protobuf;
    const [as, version = ""] = [parameters.get("as"), parameters.get("v")];
    // Objects of a definition have no such form, and neither have tables.
    if (isProtobuf && ((as === undefined && isCustom) || as === "Table")) continue;
    if (as === undefined) return { version: "", isProtobuf };
    const form = forms.find((each) => each === as);
    const isKnown = parameters.get("g") === "meta.k8s.io" && ["v1", "v1beta1"].includes(version);
    if (hasForms && form !== undefined && isKnown) return { form, version, isProtobuf };
  }
  throw notAcceptable(`only the following media types are accepted: ${servable.join(", ")}`);
}

/** Of a list, metadata have the form of a list. */
export function requireFittingForm(
  { form }: Accepted,
  { resource, isList }: { readonly resource: Resource; readonly isList: boolean },
): void {
  const wrong = isList ? "PartialObjectMetadata" : "PartialObjectMetadataList";
  if (form !== wrong) return;
  const { group, kind, isCustom } = resource;
  const type = isCustom ? "unstructured.Unstructured" : `${group.split(".")[0] || "core"}.${kind}`;
  throw notAcceptable(
    isList
      ? `you requested ${wrong}, but the requested object is a list (*${type}List)`
      : `you requested ${wrong}, but the requested object is not a list (*${type})`,
  );
}

function notAcceptable(message: string): ApiFailure {
  return new ApiFailure(406, "NotAcceptable", message);
}

/** The media type of an answer; of a failure, which has no other form, only what was asked for as it is counts. */
function writtenAs(accept: string | undefined, isFailure: boolean): string | undefined {
  return clausesOf(accept).find(({ type, parameters }) => {
    const as = parameters.get("as");
    if (!isServable(type) || (isFailure && as !== undefined)) return false;
    return type !== protobuf || as !== "Table";
  })?.type;
}

export function wantsYaml(accept: string | undefined, { isFailure = false } = {}): boolean {
  return writtenAs(accept, isFailure)?.endsWith("/yaml") ?? false;
}

/** Where an answer has no such form, it is JSON. */
export function wantsProtobuf(accept: string | undefined, { isFailure = false } = {}): boolean {
  return writtenAs(accept, isFailure) === protobuf;
}

/** All groups in one document; only where it is served. */
export function wantsAggregated(accept: string | undefined): boolean {
  return clausesOf(accept).some(
    ({ parameters }) => parameters.get("as") === "APIGroupDiscoveryList" && parameters.get("v") === "v2",
  );
}
