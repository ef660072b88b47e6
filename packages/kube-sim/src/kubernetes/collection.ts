/** The verbs on all objects of a kind: list, watch, create, delete. */
import type { Answer } from "./answer.ts";
import { methodNotAllowed } from "./failures.ts";
import { type Accepted, requireFittingForm } from "./negotiation.ts";
import { isTrue, requireListOptions } from "./options.ts";
import type { Reading } from "./reading.ts";
import type { Carried } from "./request.ts";
import { decode } from "./requestBody.ts";
import { deleteOptions, writeOptions } from "./requestOptions.ts";
import type { ResourcePath } from "./requestPath.ts";
import type { Resource } from "./resource.ts";
import { selectorOf } from "./selectors.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

export interface Environment {
  readonly store: Store;
  readonly objects: Objects;
  readonly reading: Reading;
}

export function answerCollection(
  { store, objects, reading }: Environment,
  request: Carried,
  { resource, accepted }: { resource: Resource; accepted: Accepted },
  { namespace }: ResourcePath,
): Answer {
  const query = request.url.searchParams;
  if (request.method === "GET") {
    const isWatch = isTrue(query.get("watch"));
    requireListOptions(query, { isWatch, newest: store.version });
    if (!isWatch) requireFittingForm(accepted, { resource, isList: true });
    const listing = { resource, namespace, accepted };
    return isWatch ? reading.watch(request, listing) : reading.list(request, listing);
  }
  if (resource.namespaced && namespace === undefined) throw methodNotAllowed();
  if (request.method === "POST") {
    const { value, ...found } = decode(request);
    const body = objects.create({ resource, namespace }, value, { ...writeOptions(request), ...found });
    return { code: 201, body: reading.shown(request, { resource, accepted }, body) };
  }
  if (request.method !== "DELETE" || !resource.verbs.includes("deletecollection")) throw methodNotAllowed();
  deleteOptions(request, resource);
  requireListOptions(query, { isWatch: false, newest: store.version });
  const items = store.list(resource, namespace).filter(selectorOf(resource, query));
  for (const { metadata } of items) {
    objects.remove({ resource, namespace: metadata.namespace, name: metadata.name }, deleteOptions(request, resource));
  }
  const metadata = { resourceVersion: String(store.version) };
  return { code: 200, body: reading.shownList(request, { resource, accepted }, { items, metadata }) };
}
