/** Watches: a stream of changes, one JSON line each, or one message. kubernetes.io "API Concepts", "Efficient detection of changes". */
import type { ServerResponse } from "node:http";
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { expired } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import { encodeEvent } from "./protobuf/messages.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import type { Selector } from "./selectors.ts";
import type { Change, Store } from "./store.ts";
import { inVersionOf, storedAs } from "./versions.ts";

export interface WatchOptions {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matches: Selector;
  /** Empty or 0: the watch begins with the existing objects. */
  readonly resourceVersion: string;
  readonly wantsBookmarks: boolean;
  /** A streaming list: the existing objects, then a bookmark that marks their end. */
  readonly wantsInitialEvents: boolean;
  /** Only what happens from now on. */
  readonly wantsNone?: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarkMs: number;
  /** The object itself, or a table of it. */
  readonly render: (object: KubeObject) => Json;
  readonly isProtobuf: boolean;
}

export function streamChanges(store: Store, options: WatchOptions, response: ServerResponse): void {
  const { resource, namespace, matches, resourceVersion, render } = options;
  const type = options.isProtobuf ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json";
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache, private" });
  response.flushHeaders();
  const send = (type: string, object: Json) => {
    const bytes = options.isProtobuf && isObject(object) ? encodeEvent(type, object) : undefined;
    response.write(bytes ?? `${JSON.stringify({ type, object })}\n`);
  };

  const startsNow = resourceVersion === "" || resourceVersion === "0" || options.wantsInitialEvents;
  const missed = startsNow ? [] : store.since(Number(resourceVersion));
  if (missed === undefined) {
    send("ERROR", expired(`too old resource version: ${resourceVersion} (${store.version})`).body);
    response.end();
    return;
  }
  if (startsNow && !options.wantsNone)
    for (const object of store.list(resource, namespace).filter(matches)) send("ADDED", render(object));
  if (options.wantsInitialEvents && options.wantsBookmarks)
    send("BOOKMARK", bookmark({ "k8s.io/initial-events-end": "true" }));
  for (const change of missed) tell(change);

  const unsubscribe = store.subscribe(tell);
  const timers = [
    ...(options.wantsBookmarks ? [setInterval(() => send("BOOKMARK", bookmark()), options.bookmarkMs)] : []),
    ...(options.timeoutSeconds === undefined ? [] : [setTimeout(() => response.end(), options.timeoutSeconds * 1000)]),
  ];
  // Not the request's `close`, which is emitted as soon as its body has been read.
  response.on("close", () => {
    unsubscribe();
    for (const timer of timers) clearTimeout(timer);
  });

  /** To this watch, an object that starts or stops matching is added or deleted. */
  function tell({ type, resource: changed, ...change }: Change) {
    if (storedAs(changed) !== storedAs(resource)) return;
    const object = inVersionOf(resource, change.object);
    const previous = change.previous && inVersionOf(resource, change.previous);
    if (namespace !== undefined && object.metadata.namespace !== namespace) return;
    const isIn = type !== "DELETED" && matches(object);
    const wasIn = previous !== undefined && matches(previous);
    if (isIn) send(wasIn ? "MODIFIED" : "ADDED", render(object));
    else if (wasIn) send("DELETED", render(object));
  }

  function bookmark(annotations: JsonObject = {}): JsonObject {
    const metadata = { resourceVersion: String(store.version) };
    return {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    };
  }
}
