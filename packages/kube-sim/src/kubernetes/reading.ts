/** Reading: objects in the form that a client accepts, lists by pages, watches. */
import { isObject, type Json, type JsonObject, without } from "azure-sim/json";
import type { Answer } from "./answer.ts";
import { badRequest, expired } from "./failures.ts";
import type { Accepted } from "./negotiation.ts";
import type { KubeObject } from "./object.ts";
import { isTrue } from "./options.ts";
import { isOfNow, keyOf, pageOf, readToken, tooOld } from "./pages.ts";
import { partialMetadata, partialMetadataList } from "./partialMetadata.ts";
import type { ApiRequest } from "./request.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { selectorOf } from "./selectors.ts";
import type { Store } from "./store.ts";
import { table } from "./table.ts";
import { streamChanges } from "./watch.ts";

interface Listing {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly accepted: Accepted;
}

export type Reading = ReturnType<typeof createReading>;

export function createReading({ store, now, bookmarkMs }: { store: Store; now: () => Date; bookmarkMs: number }) {
  return { list, watch, shown, shownList };

  function list(request: ApiRequest, { resource, namespace, accepted }: Listing): Answer {
    const query = request.url.searchParams;
    // From any version, a list comes from the cache, as a whole.
    const isCached = query.get("resourceVersion") === "0";
    const limit = isCached ? 0 : Number(query.get("limit") ?? 0);
    const { items, at } = listed(query, { resource, namespace });
    const matching = items.filter(selectorOf(resource, query));
    const page = pageOf(matching, limit, { all: items, version: at, namespace });
    const metadata: JsonObject = {
      resourceVersion: String(at),
      ...(page.next === undefined ? {} : { continue: page.next }),
      // What a selector leaves out would have to be counted.
      ...(page.next === undefined || hasSelector(query) ? {} : { remainingItemCount: page.remaining ?? 0 }),
    };
    return { code: 200, body: shownList(request, { resource, accepted }, { items: page.items, metadata }) };
  }

  function shownList(
    request: ApiRequest,
    { resource, accepted }: { resource: Resource; accepted: Accepted },
    { items, metadata }: { items: readonly KubeObject[]; metadata: JsonObject },
  ): Json {
    const { form, version } = accepted;
    if (form === undefined) return listOf(resource, items, metadata);
    if (form !== "Table") return partialMetadataList(items, metadata, version);
    const includeObject = includeObjectOf(request.url.searchParams);
    return table(resource, items, { metadata, includeObject, now: now(), version });
  }

  /** Everything of a kind: now, at a version, or from where another page has ended. */
  function listed(query: URLSearchParams, { resource, namespace }: Omit<Listing, "accepted">) {
    const token = query.get("continue") ?? "";
    if (token !== "") {
      const start = readToken(token);
      const at = isOfNow(start) ? store.version : start.version;
      const items = store.listAt(resource, namespace, at);
      if (items === undefined) throw tooOld();
      return { items: items.filter((each) => keyOf(each, namespace) >= start.key), at };
    }
    if (query.get("resourceVersionMatch") !== "Exact")
      return { items: store.list(resource, namespace), at: store.version };
    const at = Number(query.get("resourceVersion"));
    const items = store.listAt(resource, namespace, at);
    if (items === undefined) throw expired("The resourceVersion for the provided list is too old.");
    return { items, at };
  }

  function watch(request: ApiRequest, { resource, namespace, accepted }: Listing): Answer {
    const query = request.url.searchParams;
    const timeout = query.get("timeoutSeconds");
    let isFirst = true;
    const render = (object: KubeObject) => {
      const seen = shown(request, { resource, accepted }, object);
      const isKnown = !isFirst && accepted.form === "Table" && isObject(seen);
      isFirst = false;
      // The columns are told once.
      return isKnown ? { ...seen, columnDefinitions: null } : seen;
    };
    const options = {
      resource,
      namespace,
      matches: selectorOf(resource, query),
      resourceVersion: query.get("resourceVersion") ?? "",
      wantsBookmarks: isTrue(query.get("allowWatchBookmarks")),
      // Whoever asks for no version wants them, too.
      wantsInitialEvents: query.has("sendInitialEvents")
        ? isTrue(query.get("sendInitialEvents"))
        : ["", "0"].includes(query.get("resourceVersion") ?? ""),
      wantsNone: query.has("sendInitialEvents") && !isTrue(query.get("sendInitialEvents")),
      timeoutSeconds: timeout === null ? undefined : Number(timeout),
      bookmarkMs,
      isProtobuf: accepted.isProtobuf,
      render,
    };
    return { stream: (response) => streamChanges(store, options, response) };
  }

  function shown(
    request: ApiRequest,
    { resource, accepted }: { resource: Resource; accepted: Accepted },
    object: KubeObject,
  ): Json {
    const { form, version } = accepted;
    if (form === undefined) return object;
    if (form !== "Table") return partialMetadata(object, version);
    const includeObject = includeObjectOf(request.url.searchParams);
    const { resourceVersion } = object.metadata;
    const metadata = resourceVersion === undefined ? {} : { resourceVersion };
    return table(resource, [object], { metadata, includeObject, now: now(), version });
  }
}

function includeObjectOf(query: URLSearchParams): string {
  const asked = query.get("includeObject") || "Metadata";
  if (["Metadata", "Object", "None"].includes(asked)) return asked;
  const why = `includeObject: Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: ${why}`);
}

function hasSelector(query: URLSearchParams): boolean {
  return Boolean(query.get("labelSelector") || query.get("fieldSelector"));
}

function listOf(resource: Resource, items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  const kind = `${resource.kind}List`;
  const apiVersion = apiVersionOf(resource);
  if (resource.isCustom) return { kind, apiVersion, metadata: { continue: "", ...metadata }, items: [...items] };
  // The items of a typed list do not repeat what they are.
  return { kind, apiVersion, metadata, items: items.map((item) => without(item, "kind", "apiVersion")) };
}
